"""The error page: a title and hint per HTTP status."""

from bokeh_wsgi.pages.render import render

TITLES = {
    400: "This request is not valid",
    401: "Please sign in",
    403: "You have no access to this",
    404: "Nothing here",
    405: "This method is not allowed here",
    409: "Somebody else changed this first",
    411: "The upload has no Content-Length",
    413: "Too large for this server",
    429: "Too many requests",
    500: "Something broke on the server",
    503: "The server is not available right now",
}

HINTS = {
    401: "This page is for people who are signed in, or who have a link to a public document.",
    403: "Ask the person who published it for a public link.",
    409: "Load the page again to see the current state.",
    429: "Wait a moment, then try again.",
    500: "The server's log has the details.",
    503: "Try again in a moment.",
}


def error_page(mount: str, status: int, title: str = "", message: str = "", *, sign_in: str = "") -> str:
    """The error page as HTML; ``title`` defaults to the one of the status.

    ``sign_in`` is the URL of the login page, if a login may help.
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
