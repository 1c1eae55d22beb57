"""What a client's calls raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of this package's errors; its text is a sentence for people."""


class ServerUnreachableError(ClientError):
    """No answer came: the server is away, the address is wrong or the network is cut. The same call may work later."""


class ApiError(ClientError):
    """The server refused; `problem` is its problem document and `status` the HTTP status.

    `retry_after` is in seconds, None where the server named no time.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        detail = str(problem.get("detail") or problem.get("title") or f"the server answered with status {status}")
        super().__init__(detail)
        self.status = status
        self.problem = problem
        self.detail = detail
        self.retry_after = retry_after

    @property
    def hint(self) -> str:
        """What to do next, as the server says; may be empty."""
        return str(self.problem.get("hint", ""))

    @property
    def kind(self) -> str:
        """The last part of the problem's type, such as `not-found`."""
        return str(self.problem.get("type", "")).rpartition(":")[2]

    @property
    def diagnostics(self) -> list[dict[str, Any]]:
        """The findings in a pipeline's file, each with its line and column."""
        return list(self.problem.get("diagnostics", []))
