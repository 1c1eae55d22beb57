"""Addresses of the pages, and of what they take from the API."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

_MOST = 2000


def address(*names: str) -> str:
    """The page of a pipeline (team, pipeline), of a job in it, or of a build (by its number) of that job."""
    kinds = ("teams", "pipelines", "jobs", "builds")
    return "".join(f"/{kind}/{quote(name, safe='')}" for kind, name in zip(kinds, names, strict=False))


def local_path(wanted: str) -> str:
    """`wanted`, if it is a path on this server that leads to a page, else `/`.

    Browsers read a backslash as a slash and skip control characters, so that much that looks local leads elsewhere.
    """
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= _MOST
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    return "/" if urlsplit(wanted).path in {"/login", "/logout", "/password"} else wanted


def login_address(path: str) -> str:
    """The login page that leads to `path` afterwards."""
    return f"/login?next={quote(local_path(path), safe='/')}"
