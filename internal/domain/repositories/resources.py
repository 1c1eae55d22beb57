"""Resources, the checks that watch them, and what these found."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Protocol

from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.pipeline import (
    Page,
    ResourceState,
    Version,
)


class ResourceRepository(Protocol):
    """Resources and the checks that watch them."""

    def sync(self, pipeline_id: int, wished: Sequence[ResourceState]) -> list[ResourceState]:
        """Make the pipeline's resources be `wished` (id ignored): new ones get the given webhook token and due time,
        kept ones get interval and due time where the interval changed, missing ones archived, returning ones revived.
        """

    def get(self, resource_id: int) -> ResourceState | None:
        """The resource, archived or not, or None."""

    def find(self, pipeline_id: int, canonical: str) -> ResourceState | None:
        """The resource of that canonical name, archived or not, or None."""

    def find_by_webhook_token(self, token: str) -> ResourceState | None:
        """The resource (not archived) with that token, or None."""

    def list(self, pipeline_id: int, *, archived: bool = False) -> list[ResourceState]:
        """In file order; archived ones only when asked for."""

    def take_due(self, now: float, limit: int) -> builtins.list[ResourceState]:
        """Lock resources whose check is due, most overdue first (locked ones skipped); none that is archived,
        dispatched and unclaimed, or under a check lease that has not lapsed. Paused pipelines are checked all the same.
        """

    def take_stale(self, before: float, limit: int) -> builtins.list[ResourceState]:
        """Lock resources whose check was dispatched before `before` and never claimed."""

    def next_due_at(self) -> float | None:
        """When the next check falls due, None if never."""

    def upcoming(self, now: float) -> builtins.list[tuple[int, str, float]]:
        """(id, check_interval, next_check_at) of every resource (not archived) that is due later than `now`."""

    def bring_forward(self, due: Mapping[int, float]) -> None:
        """Resource id -> its due time, where that is earlier than what is stored."""

    def mark_dispatched(self, due: Mapping[int, float | None], now: float) -> None:
        """Resource id -> its next due time; stamps check_dispatched_at."""

    def request_check(self, resource_id: int, now: float) -> None:
        """Make a check due at once; one that runs meanwhile does not swallow it."""

    def request_spaced_check(self, resource_id: int, now: float, gap: float) -> None:
        """Make a check due at once, or `gap` seconds after the last that was asked for by this method.

        One that is due by then, and has not been dispatched, is as good. One that runs is not.
        """

    def claim_check(
        self, resource_id: int, worker: str, instance: str, now: float, lease_until: float
    ) -> ResourceState | None:
        """One atomic statement: a dispatched check (or one whose lease lapsed) is now the worker's, check_claim + 1.

        None when it cannot be had.
        """

    def count_checks(self) -> dict[str, int]:
        """Worker -> how many checks it holds; none that holds none."""

    def check_holder(self, resource_id: int) -> tuple[str, str] | None:
        """The worker and instance that hold the resource's check; None when nobody does."""

    def finish_check(self, resource_id: int, claim: int, now: float, error: str) -> bool:
        """Release the check's lease and record its outcome; False when the claim is not the current one."""

    def requeue_expired_checks(self, now: float) -> int:
        """Checks whose lease lapsed lose it and are due at once; returns how many."""

    def requeue_checks_of(self, worker: str, instance: str, now: float) -> int:
        """The same for the checks that this instance of the worker holds, lapsed or not."""

    def renew_checks(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """Resource ids (`ClaimRef.build_id`) whose lease was renewed."""

    def pins(self, resource_ids: Sequence[int]) -> dict[int, int]:
        """Resource id -> the id of the version that it is pinned to; those that are not are left out."""

    def set_pin(self, resource_id: int, version_id: int | None) -> None:
        """Offer only this version; None offers all again."""

    def set_webhook_token(self, resource_id: int, token: str) -> None:
        """Replace the token."""


class VersionRepository(Protocol):
    """Versions of resources."""

    def save(
        self,
        resource_id: int,
        versions: Sequence[Mapping[str, object]],
        now: float,
        *,
        last: bool = True,
        metadata: Sequence[Mapping[str, str]] = (),
    ) -> list[Version]:
        """Record what a check listed, oldest first (same JSON object = same version); return what changed, in order.

        Those unknown, or without a place, come after all others in the order given; others keep their places. But the
        `last` one of a list is the newest then: a known one moves there. Pass False for a list that goes on.
        `metadata` is that of the last versions, and is kept with those that get a place here.
        """

    def record(
        self, resource_id: int, version: Mapping[str, object], now: float, metadata: Mapping[str, str] | None = None
    ) -> Version:
        """What a put made: without a place among the others until a check lists it. A known one is as it was."""

    def get(self, version_id: int) -> Version | None:
        """The version, or None."""

    def find(self, resource_id: int, version: Mapping[str, object]) -> Version | None:
        """The same JSON object among the versions of the resource, or None."""

    def latest(self, resource_id: int) -> Version | None:
        """The newest by check order, disabled or not."""

    def list(self, resource_id: int, *, limit: int, cursor: str | None) -> Page[Version]:
        """Newest first; those without a place at the end, the last made first."""

    def set_disabled(self, version_id: int, disabled: bool) -> None:
        """Take the version out of use, or bring it back."""
