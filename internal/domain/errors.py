"""Errors that every room speaks, told apart by what the caller can do about them.

One root, `PikociError`; a branch for each reaction: correct the request, wait and retry, give up the claim, report.
The API maps each branch to one HTTP status in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding in a pipeline file. `line` and `column` are 1-based; 0 where the finding has no place."""

    severity: Literal["error", "warning"] = "error"
    summary: str
    detail: str = ""
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    source: str = ""


class PikociError(Exception):
    """Root of all errors of this project. `message` is a sentence for people, `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidError(PikociError):
    """The request itself is wrong; repeating it cannot help."""


class InvalidPipelineError(InvalidError):
    """A pipeline file was refused; `diagnostics` holds every finding, in source order."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class TooLargeError(InvalidError):
    """An input is over its documented bound."""


class UnauthenticatedError(PikociError):
    """No valid credentials came with the request."""


class PermissionDeniedError(PikociError):
    """The credentials are valid but do not allow this."""


class NotFoundError(PikociError):
    """The named thing does not exist, or the caller may not know that it does."""


class ConflictError(PikociError):
    """The thing is in a state that does not allow this; look at it again before retrying."""


class NameTakenError(ConflictError):
    """Another process has this worker's name; it is free in `retry_after` seconds unless that one is heard of again."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class StaleClaimError(ConflictError):
    """A write carried an old fencing token: somebody else owns the build now. Stop working on it and forget it."""


class RateLimitedError(PikociError):
    """Too many attempts. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class UnavailableError(PikociError):
    """A database, broker or server cannot be reached now; the same call may succeed later.

    `retry_after` is how many seconds the other side asked to be left alone; 0 where it named none.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
