"""The status of a commit at GitHub, GitLab and Gitea, as their published APIs take it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from pikoci.internal.worker.notifications.bounded import post
from pikoci.internal.worker.notifications.model import Message, cut
from pikoci.internal.worker.tools.outcome import StepError, failed

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_REF = re.compile(r"GET_\w+_REF", re.ASCII)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_DESCRIPTION = 140  # GitHub's limit, the shortest
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "started": "pending",
        "succeeded": "success",
        "warning": "success",
        "failed": "failure",
        "errored": "error",
        "cancelled": "error",
    }
)
_GITLAB_STATES: Mapping[str, str] = MappingProxyType(
    {
        "started": "running",
        "succeeded": "success",
        "warning": "success",
        "failed": "failed",
        "errored": "failed",
        "cancelled": "canceled",
    }
)


class GithubStatus:
    """`POST /repos/{owner}/{repo}/statuses/{sha}`."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        api = message.setting("api", "https://api.github.com").rstrip("/")
        address = f"{api}/repos/{repository(message)}/statuses/{commit(message, 'commit')}"
        headers = {**GITHUB_HEADERS, "Authorization": f"Bearer {message.secret('token')}"}
        post(message.lifetime, address, msgspec.json.encode(_status(message)), headers)


class GiteaStatus:
    """`POST /api/v1/repos/{owner}/{repo}/statuses/{sha}`; Forgejo has the same."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        server = message.setting("url").rstrip("/")
        address = f"{server}/api/v1/repos/{repository(message)}/statuses/{commit(message, 'commit')}"
        headers = {"Content-Type": "application/json", "Authorization": f"token {message.secret('token')}"}
        post(message.lifetime, address, msgspec.json.encode(_status(message)), headers)


class GitlabStatus:
    """`POST /api/v4/projects/{id}/statuses/{sha}`."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        server = message.setting("url", "https://gitlab.com").rstrip("/")
        project = quote(message.setting("project"), safe="")
        status = _status(message, _GITLAB_STATES)
        body = {("name" if key == "context" else key): value for key, value in status.items()}
        headers = {"Content-Type": "application/json", "PRIVATE-TOKEN": message.secret("token")}
        address = f"{server}/api/v4/projects/{project}/statuses/{commit(message, 'commit')}"
        post(message.lifetime, address, msgspec.json.encode(body), headers)


GITHUB_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
)


def repository(message: Message) -> str:
    """The param `repository`. Raises StepError for what is not `owner/name`."""
    name = message.setting("repository")
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise StepError(failed("repository is not owner/name"))
    return name


def commit(message: Message, setting: str) -> str:
    """The commit that a setting names, or the one that the job's gets name. Raises StepError."""
    given = message.setting(setting)
    refs = {value for name, value in message.variables.items() if _REF.fullmatch(name) and _COMMIT.fullmatch(value)}
    if not given and len(refs) == 1:
        return refs.pop()
    if not _COMMIT.fullmatch(given):
        raise StepError(failed(f'no commit is known here; write {setting} = "$GET_<NAME>_REF"'))
    return given


def _status(message: Message, states: Mapping[str, str] = _STATES) -> dict[str, str]:
    build = message.build
    description = message.masker.mask_text(message.setting("description")) or (
        message.text() if message.template else message.title()
    )
    link = {"target_url": build.url} if build.url else {}
    return {
        "state": message.setting("status", states.get(message.status, states["started"])),
        "context": message.setting("context", f"pikoci/{build.pipeline}/{build.job}"),
        "description": cut(" ".join(description.split()), _DESCRIPTION),
        **link,
    }
