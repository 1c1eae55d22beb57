"""A PikoCI server as the modules and the inventory plugin see it: requests, logins, and errors in one sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.urls import open_url

#: The options that every module has; `doc_fragments/pikoci.py` describes them.
CONNECTION = {
    "url": {"type": "str", "required": True, "fallback": (env_fallback, ["PIKOCI_URL"])},
    "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["PIKOCI_TOKEN"])},
    "user": {"type": "str", "fallback": (env_fallback, ["PIKOCI_USER"])},
    "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["PIKOCI_PASSWORD"])},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "request_timeout": {"type": "int", "default": 30},
}

#: Seconds for which a server that does not answer is asked again.
PATIENCE = 10.0
_PAUSE = 1.0
_PAGE = 200
_LONGEST_BODY = 500


class ApiError(Exception):
    """The server refused, or did not answer; its text is a sentence for people, without secrets."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether the same request may work later: no answer came, or the server is not ready."""
        return self.status == 0 or self.status >= 500


class Api:
    """Requests below `/api/v1`, under a token or a login. `options` are those of `CONNECTION`.

    Raises ApiError for everything that goes wrong, here and in every method.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        url = options["url"].rstrip("/")
        self.base_url = url if "://" in url else f"http://{url}"
        self._tls = {"validate_certs": options["validate_certs"], "ca_path": options["ca_path"]}
        self._timeout = options["request_timeout"]
        self._token = options["token"] or self._login(options["user"], options["password"])

    def get(self, *parts: str, **query: object) -> Any:
        """What stands at an address."""
        return self._send("GET", parts, query=query)

    def find(self, *parts: str) -> Any:
        """What stands at an address, None where there is nothing."""
        try:
            return self.get(*parts)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def post(self, *parts: str, body: object = None) -> Any:
        """Make, ask or change something."""
        return self._send("POST", parts, body=body)

    def put(self, *parts: str, body: object) -> Any:
        """Set something."""
        return self._send("PUT", parts, body=body)

    def delete(self, *parts: str) -> None:
        """Remove something."""
        self._send("DELETE", parts)

    def items(self, *parts: str) -> Iterator[Any]:
        """Every item of a list, however many parts it comes in."""
        cursor: dict[str, object] = {}
        while True:
            page = self.get(*parts, limit=_PAGE, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def _login(self, user: str | None, password: str | None) -> str:
        if not user or not password:
            raise ApiError("a login is needed: give `user` and `password`, or `token`")
        self._token = ""
        return str(self.post("login", body={"name": user, "password": password})["token"])

    def _send(self, method: str, parts: tuple[str, ...], *, query: Any = None, body: object = None) -> Any:
        """One request; all of them may come twice, so a server that restarts is asked again for a while."""
        path = "/".join(quote(part, safe="") for part in parts)
        address = f"{self.base_url}/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ask(method, address, None if body is None else json.dumps(body).encode())
            except ApiError as error:
                if not error.may_pass or time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE)

    def _ask(self, method: str, address: str, data: bytes | None) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        # A redirect would carry the token to another place.
        safe = {"follow_redirects": "none", "timeout": self._timeout, **self._tls}
        try:
            raw = open_url(address, method=method, data=data, headers=headers, **safe).read()
            return json.loads(raw) if raw else None
        except HTTPError as error:
            raise ApiError(f"{method} {address}: {_problem(error)}", error.code) from error
        except (OSError, ValueError) as error:
            raise ApiError(f"{self.base_url} does not answer as PikoCI does: {error}") from error


def finish(module: Any, work: Callable[[Any], dict[str, Any]]) -> None:
    """End the module with what `work` gives; `failed` in it, and every ApiError, makes it a failure."""
    try:
        result = work(module)
    except ApiError as error:
        result = {"failed": True, "msg": str(error)}
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def _problem(error: HTTPError) -> str:
    """What a problem document says, in one line: the detail, the findings in a pipeline's file, the hint."""
    raw = error.read()
    try:
        problem = json.loads(raw)
        lines = [problem.get("detail") or problem["title"]]
        lines += [_finding(one) for one in problem.get("diagnostics", [])]
        lines += [problem["hint"]] if problem.get("hint") else []
        return "; ".join(lines)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"status {error.code}: {raw[:_LONGEST_BODY].decode(errors='replace')}"


def _finding(diagnostic: dict[str, Any]) -> str:
    said = ": ".join(diagnostic[key] for key in ("summary", "detail") if diagnostic.get(key))
    return f"line {diagnostic['line']}, column {diagnostic['column']}: {said}" if diagnostic.get("line") else said
