"""The params of a git resource, checked: nothing that git would read as an option or run as a program gets through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from pikoci.internal.domain.forges import PROVIDERS, Forge, forge_of
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_TRANSPORT = re.compile(r"[A-Za-z0-9]+::")  # ext::, fd:: and other helpers, which run programs
_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock$")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TOKEN_USER = "x-access-token"  # noqa: S105 - what the large hosts take as the user beside a token


class GitSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a repository is, what of it counts, and how to get in. `url` holds no credentials.

    With `ci_skip` commits that ask for it in their message are passed over. `forge` is None where it is not known.
    """

    url: str
    branch: str = ""
    tag: str = ""
    paths: tuple[str, ...] = ()
    ignore_paths: tuple[str, ...] = ()
    username: str = ""
    password: str = ""
    private_key: str = ""
    known_hosts: str = ""
    ci_skip: bool = True
    forge: Forge | None = None
    ca_cert: str = ""

    @property
    def host(self) -> str:
        """The host, with its port, that the password is meant for; empty for addresses other than http."""
        parts = urlsplit(self.url)
        return parts.netloc.rpartition("@")[2] if parts.scheme in {"http", "https"} else ""

    @property
    def is_local(self) -> bool:
        """Whether it is a directory of the worker's machine."""
        return self.url.startswith(("file:", "/", "."))

    @property
    def pathspecs(self) -> list[str]:
        """The `paths` and `ignore_paths` as git takes them.

        As in a shell with globstar, `**/` stands for any number of directories; without it a `*` crosses them.
        """
        if not self.paths and not self.ignore_paths:
            return []
        wanted = [_pathspec("top", path) for path in self.paths] or [":(top)"]
        return ["--", *wanted, *(_pathspec("top,exclude", path) for path in self.ignore_paths)]


def read_source(params: Mapping[str, object]) -> GitSource:
    """The source that `params` describe. Raises StepError, naming the param, for what cannot be."""
    url, user, password = _split_credentials(_checked_url(text_of(params.get("url"))))
    token = text_of(params.get("token"))
    return GitSource(
        url=url,
        branch=checked_branch(text_of(params.get("branch"))),
        tag=_tag_glob(params.get("tag")),
        paths=_globs(params, "paths"),
        ignore_paths=_globs(params, "ignore_paths"),
        username=text_of(params.get("username")) or user or (_TOKEN_USER if token else ""),
        password=token or text_of(params.get("password")) or password,
        private_key=text_of(params.get("private_key")),
        known_hosts=text_of(params.get("known_hosts")),
        ci_skip=not params.get("disable_ci_skip"),
        ca_cert=text_of(params.get("ca_cert")),
        forge=forge_of(url, _provider(text_of(params.get("provider"))), _api_url(text_of(params.get("api_url")))),
    )


def checked_branch(name: str) -> str:
    """`name` if git allows it for a branch, or StepError."""
    if name and not is_branch(name):
        raise StepError(failed(f'"{name}" is not a valid branch name'))
    return name


def is_branch(name: str) -> bool:
    """Whether git allows `name` for a branch."""
    return name != "" and not _BAD_REF.search(name)


def checked_commit(value: object) -> str:
    """`value` if it is a full commit id, or StepError."""
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise StepError(failed(f'a git version needs a "ref" with a full commit id, not {value!r}'))
    return value


def depth_of(params: Mapping[str, object]) -> int:
    """How many commits to clone; 0 is all."""
    depth = params.get("depth") or 0
    if not isinstance(depth, int | float) or depth < 0 or depth != int(depth):
        raise StepError(failed(f"depth of a git resource must be a whole number of commits, not {depth!r}"))
    return int(depth)


def _checked_url(url: str) -> str:
    if not url or url.startswith("-") or _TRANSPORT.match(url) or any(character < " " for character in url):
        raise StepError(
            failed(f'"{url}" is not the address of a git repository; use https, ssh, git, file or an absolute path')
        )
    return url


def _split_credentials(url: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
            return url, "", ""
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return bare, unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError as error:
        raise StepError(failed(f"the url of a git resource cannot be read: {error}")) from error


def _provider(name: str) -> str:
    if name and name not in PROVIDERS:
        raise StepError(failed(f'there is no provider "{name}"; {", ".join(PROVIDERS)} are known'))
    return name


def _api_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    odd = any(character <= " " for character in url) or parts.query or parts.fragment or "@" in parts.netloc
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or odd):
        raise StepError(failed("api_url is not the http or https address of a forge's API"))
    return url


def _tag_glob(value: object) -> str:
    if value is True or value == "true":
        return "*"
    return text_of(value) if value and value != "false" else ""


def _globs(params: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = params.get(name) or []
    if not isinstance(value, list | tuple):
        raise StepError(failed(f"{name} of a git resource must be a list"))
    return tuple(text_of(item) for item in value)


def _pathspec(magic: str, pattern: str) -> str:
    return f":({magic},glob){pattern}" if "**" in pattern else f":({magic}){pattern}"
