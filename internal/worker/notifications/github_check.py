"""Check runs of GitHub, which only a GitHub App may write."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from pikoci.internal.worker.notifications.bounded import post
from pikoci.internal.worker.notifications.commit_status import GITHUB_HEADERS, commit, repository
from pikoci.internal.worker.notifications.model import Message, cut
from pikoci.internal.worker.notifications.signing import InvalidKeyError, signed_token
from pikoci.internal.worker.tools.outcome import StepError, failed

_CONCLUSIONS: Mapping[str, str] = MappingProxyType(
    {
        "succeeded": "success",
        "warning": "neutral",
        "failed": "failure",
        "errored": "failure",
        "cancelled": "cancelled",
    }
)
_KEPT = 1000  # runs that are not completed yet, of all builds on this worker
_TITLE = 200


class GithubCheck:
    """Creates a check run of a name and commit, or changes the one that this build has created before."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        runs = f"{_api(message)}/repos/{repository(message)}/check-runs"
        body = _check(message)
        headers = {**GITHUB_HEADERS, "Authorization": f"Bearer {_token(message)}"}
        attempt = message.delivery.rpartition("-")[0]
        key = (attempt, runs, body["name"])
        known = self._runs.pop(key, None)
        if known is None:
            answer = post(message.lifetime, runs, msgspec.json.encode(body), headers)
        else:
            answer = post(message.lifetime, f"{runs}/{known}", msgspec.json.encode(body), headers, method="PATCH")
        number = _field(answer, "id")
        if "conclusion" not in body and isinstance(number, int):
            self._runs[key] = number
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)


def _api(message: Message) -> str:
    return message.setting("api", "https://api.github.com").rstrip("/")


def _check(message: Message) -> dict[str, Any]:
    build, given = message.build, message.setting("status")
    conclusion = message.setting("conclusion") or ("" if given else _CONCLUSIONS.get(message.status, ""))
    state = {"status": "completed", "conclusion": conclusion} if conclusion else {"status": given or "in_progress"}
    base = message.setting("base_url").rstrip("/")
    path = f"/teams/{build.team}/pipelines/{build.pipeline}/jobs/{build.job}/builds/{build.number}"
    details = message.setting("details_url") or (base + path if base else build.url)
    output = {"title": cut(message.title(), _TITLE), "summary": message.text()}
    return {
        "name": message.setting("name", f"{build.pipeline}/{build.job}"),
        "head_sha": commit(message, "head_sha"),
        **state,
        **({"details_url": details} if details else {}),
        **({"output": output} if message.template or message.plain else {}),
    }


def _token(message: Message) -> str:
    """A token of the App's installation, for an hour."""
    installation = message.setting("installation_id")
    if not installation.isdecimal():
        raise StepError(failed("installation_id is not a number"))
    try:
        own = signed_token(message.secret("private_key"), message.setting("app_id"), message.now)
    except InvalidKeyError as error:
        raise StepError(failed(str(error))) from None
    address = f"{_api(message)}/app/installations/{installation}/access_tokens"
    answer = post(message.lifetime, address, b"", {**GITHUB_HEADERS, "Authorization": f"Bearer {own}"})
    token = _field(answer, "token")
    if not isinstance(token, str):
        raise StepError(failed("GitHub's answer holds no token"))
    return token


def _field(answer: bytes, name: str) -> object:
    try:
        found = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found.get(name) if isinstance(found, dict) else None
