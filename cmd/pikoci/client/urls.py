"""Addresses of servers and of things on them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from pikoci.internal.domain.errors import InvalidError

DEFAULT_URL = "http://localhost:8080"
_LONGEST = 2000


def normal_url(url: str) -> str:
    """The URL in one spelling: with a scheme (http if none is given), no slash at the end, the host in lower case.

    Raises InvalidError for what cannot be a server's address, without showing a password in it.
    """
    text = url.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise InvalidError(f"{url[:100]!r} is no address of a server", hint=_EXAMPLE) from error
    if parts.username is not None or parts.password is not None:
        raise InvalidError("the server's address must not hold a user or password", hint="use `pikoci client login`")
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or any(letter.isspace() for letter in text)
        or len(text) > _LONGEST
    ):
        raise InvalidError(f"{url[:100]!r} is no address of a server", hint=_EXAMPLE)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def path_of(*names: str) -> str:
    """A path below `/api/v1` of these parts, each quoted."""
    return "/api/v1/" + "/".join(quote(name, safe="") for name in names)


_EXAMPLE = f"write it as host:port or as a URL, such as {DEFAULT_URL}"
