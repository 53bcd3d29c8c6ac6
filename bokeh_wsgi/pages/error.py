"""Errors for people: what happened, why, and the way back."""

from bokeh_wsgi.pages.render import render

TITLES = {
    400: "That request makes no sense here",
    401: "Please sign in",
    403: "This is not yours to see",
    404: "Nothing here",
    405: "That cannot be done here",
    409: "Somebody was faster",
    411: "The upload does not say how long it is",
    413: "Too large for this server",
    429: "Too many tries",
    500: "Something broke on the server",
    503: "The server cannot answer right now",
}

HINTS = {
    401: "This page is for people who are signed in, or who have a link to a public document.",
    403: "Ask the person who published it for a public link.",
    409: "Load the page again to see how things are now.",
    429: "Wait a moment, then try again.",
    500: "It is not your fault. The server's log has the details.",
    503: "Try again in a moment.",
}


def error_page(mount: str, status: int, title: str = "", message: str = "", *, sign_in: str = "") -> str:
    """The page of an error; without a ``title`` the one that fits the status.

    ``sign_in`` is the address of the login page, for those who may see more once they are signed in.
    """
    return render(
        "error.html",
        mount=mount,
        status=status,
        title=title or TITLES.get(status, "That did not work"),
        message=message,
        hint=HINTS.get(status, ""),
        sign_in=sign_in,
    )
