"""Forges: which one has a repository, where its pages are, and where its API is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote, urlsplit

import msgspec

Provider = Literal["github", "gitlab", "gitea"]

#: What a pipeline may call a forge. Forgejo has Gitea's API.
PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {"github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}
)
#: Forges as people know them.
NAMES: Mapping[Provider, str] = MappingProxyType({"github": "GitHub", "gitlab": "GitLab", "gitea": "Gitea"})

_HOSTS: Mapping[str, Provider] = MappingProxyType({"codeberg.org": "gitea"})
_APIS: Mapping[Provider, str] = MappingProxyType({"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"})
_GITHUB, _GITHUB_API = "github.com", "https://api.github.com"
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)", re.ASCII)
_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?", re.ASCII | re.IGNORECASE)


class Forge(msgspec.Struct, frozen=True, kw_only=True):
    """A repository at a forge. `project` is its path there: `owner/name`, at GitLab with all groups.

    `web` is the address of its page, `api` that of the forge's API.
    """

    provider: Provider
    project: str
    web: str
    api: str

    @property
    def name(self) -> str:
        """The forge as people know it."""
        return NAMES[self.provider]

    def commit_page(self, commit: str) -> str:
        """The address of a commit's page."""
        return f"{self.web}/{'-/' if self.provider == 'gitlab' else ''}commit/{commit}"

    def pull_page(self, number: int) -> str:
        """The address of a pull request's page."""
        path = {"github": "pull", "gitlab": "-/merge_requests", "gitea": "pulls"}[self.provider]
        return f"{self.web}/{path}/{number}"

    def pull_ref(self, number: int) -> str:
        """The ref under which the forge keeps the newest commit of a pull request."""
        return f"refs/{'merge-requests' if self.provider == 'gitlab' else 'pull'}/{number}/head"


def forge_of(url: str, provider: str = "", api_url: str = "") -> Forge | None:
    """The forge of the repository at a git address.

    `provider` and `api_url` are for hosts that do not tell plainly; None where nothing tells.
    """
    found = _split(url)
    if found is None:
        return None
    scheme, netloc, path = found
    host = re.sub(r":\d+$", "", netloc).lower()
    kind = PROVIDERS.get(provider) if provider else _HOSTS.get(host) or _guess(host)
    if kind is None:
        return None
    site = f"{scheme}://{netloc}"
    api = (api_url or (_GITHUB_API if host == _GITHUB else f"{site}{_APIS[kind]}")).rstrip("/")
    project = _in_gitlab(path, api) if kind == "gitlab" else "/".join(path.split("/")[-2:])
    if "/" not in project:
        return None
    return Forge(provider=kind, project=project, web=f"{site}/{quote(path)}", api=api)


def _in_gitlab(path: str, api: str) -> str:
    """The project's path: GitLab may be served below a path of its host, which its API's address tells, too."""
    below = urlsplit(api).path.removesuffix(_APIS["gitlab"]).strip("/")
    return path.removeprefix(f"{below}/") if below else path


def _guess(host: str) -> Provider | None:
    return next((PROVIDERS[label] for label in host.split(".") if label in PROVIDERS), None)


def _split(url: str) -> tuple[str, str, str] | None:
    """Scheme, host and path of the pages that belong to a git address; None for one on this machine."""
    scp = _SCP.fullmatch(url)
    try:
        parts = urlsplit(url)
        hostname = parts.hostname or ""
    except ValueError:
        return None
    if scp and "://" not in url:
        scheme, netloc, path = "https", scp[1], scp[2]
    elif parts.scheme in {"http", "https"}:
        scheme, netloc, path = parts.scheme, parts.netloc.rpartition("@")[2], parts.path
    elif parts.scheme in {"ssh", "git"}:
        scheme, netloc, path = "https", hostname, parts.path
    else:
        return None
    path = path.strip("/").removesuffix(".git").strip("/")
    if not _HOST.fullmatch(netloc) or not path or ".." in path.split("/"):
        return None
    return scheme, netloc, path
