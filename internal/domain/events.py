"""What a worker tells about a build while it runs: an ordered stream of events, numbered from 1 within one claim.

The stream is the only way results travel. A worker may send any part of it again (after a timeout, from its spool); the
server skips what it already has, so delivery at least once becomes exactly once.
"""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.names import ExitCode, Id, Moment


class StepStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="step_started"):
    """A step, or another try of it, begins. `at` is seconds since the epoch on the worker's clock."""

    step: str
    name: str
    kind: str
    at: Moment
    try_number: Id = 1


class LogWritten(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="log"):
    """Masked output, any bytes, at most 1 MiB an event. `step` is empty for lines of the build itself."""

    step: str
    at: Moment
    data: bytes


class StepFinished(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="step_finished"):
    """A step ended; `reason` says why it did not succeed, in one sentence.

    One that never started, for it was skipped, has its `name` and `kind` here; else its start told them.
    """

    step: str
    status: StepStatus
    at: Moment
    exit_code: ExitCode | None = None
    reason: str = ""
    name: str = ""
    kind: str = ""


class VersionProduced(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="version"):
    """A put made a version of a resource (canonical name), an output of the build. `metadata` is for people."""

    put: str
    resource: str
    version: dict[str, object]
    metadata: dict[str, str] = {}


class BuildFinished(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="build_finished"):
    """The last event of a claim: the build's end state, which must be a final one."""

    status: BuildStatus
    at: Moment
    reason: str = ""


class BuildReturned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="build_returned"):
    """The last event of a claim that the worker gives back unfinished (a drain ran out of time): requeue it."""

    at: Moment
    reason: str


BuildEvent = StepStarted | LogWritten | StepFinished | VersionProduced | BuildFinished | BuildReturned
