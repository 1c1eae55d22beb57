"""Errors that every room speaks, told apart by what the caller can do about them.

One root, `PikociError`. A class carries the slug that stands for it on the wire, and its `Reaction`; a subclass has
those of its parent where it names none. The API maps each class to an HTTP status in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import ClassVar, Literal

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


class Reaction(Enum):
    """What a caller can do about an error, where no person decides: a worker, or a client that repeats requests."""

    REPORT = auto()
    """Tell whoever can change something; the same call fails until they did."""
    RETRY = auto()
    """Repeat the same call later: `retry_after` says when, if the other side named a time."""
    REJECT = auto()
    """Give up what the call was about: it is somebody else's, or over. Nobody made a mistake."""


class PikociError(Exception):
    """Root of all errors of this project. `message` is a sentence for people, `hint` says what to do next.

    `retry_after` is how many seconds the other side asked to be left alone; 0 where it named none. `is_audited` says
    that the audit log has it as a refusal.
    """

    slug: ClassVar[str] = "invalid"
    reaction: ClassVar[Reaction] = Reaction.REPORT
    is_audited: bool = False

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retry_after = retry_after


class InvalidError(PikociError):
    """The request itself is wrong; repeating it cannot help."""

    slug = "invalid"


class InvalidPipelineError(InvalidError):
    """A pipeline file was refused; `diagnostics` holds every finding, in source order."""

    slug = "invalid-pipeline"

    def __init__(
        self, message: str, diagnostics: Sequence[Diagnostic] = (), *, hint: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, retry_after=retry_after)
        self.diagnostics = tuple(diagnostics)


class InvalidInputsError(InvalidError):
    """A build cannot be started with these inputs; `faults` says of each what is wrong, after its name."""

    slug = "invalid-inputs"

    def __init__(
        self, message: str, faults: Mapping[str, str] | None = None, *, hint: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, retry_after=retry_after)
        self.faults = dict(faults or {})


class TooLargeError(InvalidError):
    """An input is over its documented bound."""

    slug = "too-large"


class UnauthenticatedError(PikociError):
    """No valid credentials came with the request."""

    slug = "unauthenticated"


class PermissionDeniedError(PikociError):
    """The credentials are valid but do not allow this."""

    slug = "permission-denied"
    reaction = Reaction.REJECT


class NotFoundError(PikociError):
    """The named thing does not exist, or the caller may not know that it does."""

    slug = "not-found"


class ConflictError(PikociError):
    """The thing is in a state that does not allow this; look at it again before retrying."""

    slug = "conflict"
    reaction = Reaction.REJECT


class NameTakenError(ConflictError):
    """Another process has this worker's name; it is free in `retry_after` seconds unless that one is heard of again."""

    slug = "name-taken"
    reaction = Reaction.RETRY


class StaleClaimError(ConflictError):
    """A write carried an old fencing token: somebody else owns the build now. Stop working on it and forget it."""

    slug = "stale-claim"


class RateLimitedError(PikociError):
    """Too many attempts."""

    slug = "rate-limited"
    reaction = Reaction.RETRY


class UnavailableError(PikociError):
    """A database, broker or server cannot be reached now; the same call may succeed later."""

    slug = "unavailable"
    reaction = Reaction.RETRY


def _family(kind: type[PikociError]) -> Iterator[type[PikociError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _family(child)


#: What a problem document's type begins with; the slug comes after it.
PROBLEM_PREFIX = "urn:pikoci:problem:"
#: Slug -> the class that it stands for.
ERRORS: Mapping[str, type[PikociError]] = {kind.slug: kind for kind in _family(PikociError)}
