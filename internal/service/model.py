"""The data that use cases take and give, for the rooms that see the domain only through the services."""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.accounts import Principal, Role, Team, User
from pikoci.internal.domain.build import (
    Build,
    BuildInput,
    BuildOutput,
    BuildStatus,
    LogChunk,
    Standing,
    Step,
    StepStatus,
)
from pikoci.internal.domain.clock import Clock, SystemClock
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import (
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    ClaimRef,
    Gateway,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)
from pikoci.internal.domain.pipeline import (
    Job,
    JobOverview,
    Page,
    Pipeline,
    PipelineOverview,
    ResourceState,
    Version,
    WorkerState,
    WorkerToken,
)
from pikoci.internal.domain.tags import MAX_TOKEN_TAGS, TAG_PATTERN
from pikoci.internal.domain.wire import (
    INSTANCE_HEADER,
    LINES,
    MAX_CHECK_RESULT,
    MAX_REPORT,
    MSGPACK,
    WORKER_HEADER,
    Report,
    StoredArtifact,
)

__all__ = [
    "INSTANCE_HEADER",
    "LINES",
    "MAX_CHECK_RESULT",
    "MAX_REPORT",
    "MAX_TOKEN_TAGS",
    "MSGPACK",
    "TAG_PATTERN",
    "WORKER_HEADER",
    "Build",
    "BuildAssignment",
    "BuildDetail",
    "BuildEvent",
    "BuildInput",
    "BuildOutput",
    "BuildStatus",
    "BuildUpdate",
    "CheckAssignment",
    "CheckResult",
    "ClaimRef",
    "Clock",
    "Gateway",
    "Graph",
    "GraphEdge",
    "GraphNode",
    "Heartbeat",
    "HeartbeatReply",
    "Job",
    "JobOverview",
    "LogChunk",
    "Page",
    "Pipeline",
    "PipelineOverview",
    "Principal",
    "Report",
    "ResourceState",
    "ResourceView",
    "Role",
    "RunningBuild",
    "Standing",
    "Step",
    "StepStatus",
    "StoredArtifact",
    "SystemClock",
    "Team",
    "User",
    "Version",
    "WorkerCommand",
    "WorkerHello",
    "WorkerState",
    "WorkerTerms",
    "WorkerToken",
    "WorkerView",
]


class BuildDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A build with everything but its log."""

    build: Build
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


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """A job or resource of a pipeline's graph. `id` is unique in it.

    `status` is how a job stands; None for a resource, which has no builds.
    """

    id: str
    kind: str
    name: str
    status: Standing | None = None
    paused: bool = False


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A version's way: `source` and `target` are node ids, `kind` is get, put or passed, `resource` what flows.

    `trigger` says whether a new version starts the target.
    """

    source: str
    target: str
    kind: str
    resource: str
    trigger: bool = False


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline as nodes and edges, in file order."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as the caller may see it: without rights in the team, `webhook_token` is empty, and `check_error` says
    only that there is one.

    `waiting_reason` says why its check, asked for, is run by nobody; empty where nothing is wrong.
    """

    resource: ResourceState
    waiting_reason: str = ""
    latest: Version | None = None
    pinned: Version | None = None


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
