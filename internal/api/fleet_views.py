"""What answers say of workers, their tokens and queues; see `views`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from pikoci.internal.api.views import BuildView


class WorkerView(Struct, frozen=True):
    """A worker. `state` is running, draining, cordoned, ended or stalled; `wanted` is what it was asked to be.

    With a `team` it takes only that team's work, and is shown to members alone. It runs `busy` builds and so many
    `checks`; `builds` are those of the caller's teams.
    """

    name: str
    version: str
    state: str
    wanted: str
    queues: list[str]
    concurrency: int
    tags: list[str]
    team: str
    registered_at: datetime
    last_seen_at: datetime
    builds: list[BuildView]
    busy: int
    checks: int


class WorkerTokenView(Struct, frozen=True):
    """What is known of a worker's token. `created_by` is empty for one made by `pikoci worker-token`.

    Its worker may have the `tags`, null: any.
    """

    id: str
    team: str
    tags: list[str] | None
    created_by: str
    created_at: datetime
    revoked_by: str
    revoked_at: datetime | None


class NewWorkerTokenView(Struct, frozen=True):
    """A new worker token: `token` is shown this once. Its worker may have the `tags`, null: any."""

    id: str
    team: str
    tags: list[str] | None
    token: str


class QueueView(Struct, frozen=True):
    """A queue: messages that wait, that workers hold, and seconds since the oldest that waits was published.

    Each is null where the broker cannot tell.
    """

    name: str
    depth: int | None
    in_flight: int | None
    oldest_seconds: float | None
