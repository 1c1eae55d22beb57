"""What use cases show that is more than one entity of the domain."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.announcement import Announcement
from pikoci.internal.domain.approval import GateStanding
from pikoci.internal.domain.build import Build, BuildInput, BuildOutput, LogChunk, Step
from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.domain.pipeline import ResourceState, Version, WorkerState
from pikoci.internal.pipeline.diff import Change


class BuildDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A build with everything but its log."""

    build: Build
    approvals: list[GateStanding] = []
    announcements: list[Announcement] = []
    steps: list[Step] = []
    inputs: list[BuildInput] = []
    outputs: list[BuildOutput] = []


class BuildUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since the last update: `build` and `steps` whole where they changed, else None; new log bytes.

    `chunks` continue exactly where the last update ended; `log_offset` is the offset after them, to go on from.
    """

    build: Build | None = None
    steps: list[Step] | None = None
    chunks: list[LogChunk] = []
    log_offset: int = 0


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to run the job of a build elsewhere. `inputs` are versions by the names of gets.

    The `config` was `changed_since` the build was made, if the pipeline was set again: only the present file is kept.
    `variables` are those that are not secret; `secrets` names those whose values are missing.
    """

    build: Build
    config: str
    changed_since: bool
    variables: dict[str, object]
    secrets: list[str]
    inputs: dict[str, dict[str, object]]


class PipelinePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What setting a pipeline's file changes, as `pipeline.diff` tells it, and what is odd about the file."""

    changes: Sequence[Change]
    warnings: Sequence[Diagnostic]


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as the caller may see it: without rights in the team, `webhook_token` is empty, and `check_error` says
    only that there is one.

    `waiting_reason` says why its check, asked for, is run by nobody; empty where nothing is wrong.
    """

    resource: ResourceState
    waiting_reason: str = ""
    latest: Version | None = None
    pinned: Version | None = None
    has_webhook_secret: bool = False


class RunningBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A build and the pipeline that it belongs to."""

    build: Build
    team: str
    pipeline: str


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker with what it runs: `busy` builds, and those of them that the caller may see."""

    worker: WorkerState
    builds: list[RunningBuild] = []
    busy: int = 0
    checks: int = 0
