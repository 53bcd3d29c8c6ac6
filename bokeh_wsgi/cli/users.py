"""``bokeh-server users``: lets the operator manage accounts, also while the server runs."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .flags import Failure, Parser, add_store, store_of

if TYPE_CHECKING:
    from bokeh_wsgi.app import BokehWSGI

EXAMPLES = """\
examples:
  bokeh-server users add ada                      asks for ada's password
  bokeh-server users add ada < password.txt       reads it from a file's first line
  bokeh-server users invite                       prints an invitation for --registration invite
  bokeh-server users keys ada --new "night job"   prints a new API key
  bokeh-server users disable ada                  also closes ada's open pages, within a second

Use the same --store and the same system user as the server.
"""


def parser() -> Parser:
    """The parser of all user commands."""
    created = Parser(
        prog="bokeh-server users",
        description="Manages the users of bokeh-server -m, and of sites that mount BokehWSGI.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = created.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _command(commands, "list", "print all users")
    _command(commands, "invite", "create and print an invitation: valid for one person and one week")
    for command, purpose in (
        ("add", "add a user, with a password from a prompt or stdin"),
        ("passwd", "set a user's password, and sign out all of the user's browsers"),
    ):
        _command(commands, command, purpose, name=True).add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from stdin (the default if stdin is no terminal)",
        )
    _command(commands, "disable", "block a user; documents stay", name=True)
    _command(commands, "enable", "unblock a disabled user", name=True)
    keys = _command(commands, "keys", "list a user's API keys and logins, without secrets", name=True)
    what = keys.add_mutually_exclusive_group()
    what.add_argument("--new", metavar="LABEL", help="create an API key and print it; it is shown only once")
    what.add_argument("--revoke", metavar="ID", help="revoke a key or login")
    return created


def _command(
    commands: "argparse._SubParsersAction[Parser]", command: str, purpose: str, *, name: bool = False
) -> Parser:
    created = commands.add_parser(command, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    if name:
        created.add_argument("name", metavar="NAME", help="the user's name")
    add_store(created)
    return created


def users(arguments: Sequence[str]) -> None:
    """Run a user command; raises `Failure` if it fails."""
    flags = parser().parse_args(arguments)
    store = store_of(flags)
    if store == "memory:":
        raise Failure("users of a server with --store memory: exist only in its process", code=2)
    from bokeh_wsgi.app import BokehWSGI
    from bokeh_wsgi.exc import BadRequest, BokehWSGIError

    try:
        app = BokehWSGI(store=store, multi_user=True)
        try:
            COMMANDS[flags.command](app, flags)
        finally:
            app.close()
    except BadRequest as error:
        raise Failure(str(error), code=2) from None
    except (BokehWSGIError, OSError) as error:
        raise Failure(str(error).splitlines()[0]) from None


def _list(app: "BokehWSGI", _: argparse.Namespace) -> None:
    rows = [("NAME", "DOCUMENTS", "KEYS", "SINCE", "")]
    for user in app.store.accounts.list_users():
        documents = app.store.usage(user.name)[0]
        keys = sum(each.kind == "key" for each in app.store.accounts.list_credentials(user.name))
        state = "disabled" if user.disabled else ""
        rows.append((user.name, str(documents), str(keys), _day(user.created), state))
    _print_table(rows)


def _add(app: "BokehWSGI", flags: argparse.Namespace) -> None:
    from bokeh_wsgi.auth.names import checked_user
    from bokeh_wsgi.exc import Taken

    name = checked_user(flags.name)
    if app.store.accounts.get_user(name) is not None:
        raise Taken(f"The user {name!r} exists: set another password with `bokeh-server users passwd`.")
    app.context.accounts.add(name, _password(flags, name))
    print(f"{name} can sign in now")


def _passwd(app: "BokehWSGI", flags: argparse.Namespace) -> None:
    user = _user(app, flags.name)
    app.context.accounts.set_password(user, _password(flags, user))
    print(f"{_shown(user)} has a new password; browsers have to sign in again, keys stay")


def _disable(app: "BokehWSGI", flags: argparse.Namespace) -> None:
    user = _user(app, flags.name)
    app.context.accounts.set_disabled(user, True)
    print(f"{_shown(user)} is disabled; keys, logins and open pages stop working")


def _enable(app: "BokehWSGI", flags: argparse.Namespace) -> None:
    user = _user(app, flags.name)
    app.context.accounts.set_disabled(user, False)
    print(f"{_shown(user)} is enabled, with all keys and logins that were not revoked")


def _invite(app: "BokehWSGI", _: argparse.Namespace) -> None:
    print(app.context.accounts.new_invitation())
    print("valid for one person and one week, at …/register#invite=<the printed text>", file=sys.stderr)


def _keys(app: "BokehWSGI", flags: argparse.Namespace) -> None:
    user = _user(app, flags.name)
    if flags.new is not None:
        _, key = app.context.accounts.new_key(user, flags.new)
        print(key)
        return
    if flags.revoke is not None:
        if not app.context.accounts.revoke(user, flags.revoke):
            raise Failure(f"{user} has no key or login {flags.revoke!r}")
        print(f"{flags.revoke} is revoked")
        return
    credentials = app.store.accounts.list_credentials(user)
    rows = [(each.id, each.kind, each.name, _day(each.created)) for each in credentials]
    _print_table([("ID", "KIND", "NAME", "SINCE"), *rows])


COMMANDS = {
    "list": _list,
    "add": _add,
    "passwd": _passwd,
    "disable": _disable,
    "enable": _enable,
    "invite": _invite,
    "keys": _keys,
}


def _user(app: "BokehWSGI", name: str) -> str:
    """The stored name of a user: as given (for users of a site), else normalized."""
    from bokeh_wsgi.auth.names import checked_user

    known = name if app.store.accounts.get_user(name) is not None else checked_user(name)
    return app.context.accounts.user(known).name


def _password(flags: argparse.Namespace, user: str) -> str:
    """Read a new password, from the terminal (twice) or the first line of stdin; never from an argument."""
    if flags.password_stdin or not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise Failure("no password on stdin", code=2)
        return password
    from getpass import getpass

    try:
        password = getpass(f"New password for {user}: ")
        if getpass("Repeat the password: ") != password:
            raise Failure("the two passwords are not the same", code=2)
    except EOFError:
        raise Failure("no password", code=2) from None
    return password


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _shown(text: str) -> str:
    """Escape control characters, which could be commands to the terminal."""
    return text if text.isprintable() else ascii(text)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    shown = [[_shown(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
