"""Announcements of builds that wait for approval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.gateway import ClaimRef


class AnnouncementRepository(Protocol):
    """Announcements: who sends them, and how that ended."""

    def add(self, wished: Sequence[Announcement]) -> list[Announcement]:
        """Store them with every field as given, but `id`. Raises ConflictError where the build has one of a step."""

    def get(self, announcement_id: int) -> Announcement | None:
        """The announcement, or None."""

    def of_build(self, build_id: int) -> list[Announcement]:
        """Those of a build, in the order in which they were added."""

    def claim(
        self, announcement_id: int, worker: str, instance: str, now: float, lease_until: float
    ) -> Announcement | None:
        """One atomic statement: one that is published, or whose lease lapsed, is now the worker's, claim + 1.

        None when it cannot be had.
        """

    def holder(self, announcement_id: int) -> tuple[str, str] | None:
        """The worker and instance that have it; None when nobody does."""

    def finish(self, announcement_id: int, claim: int, status: AnnouncementStatus, reason: str, now: float) -> bool:
        """Record how it ended, once; False when the claim is not the current one."""

    def drop_decided(self, reason: str, now: float) -> int:
        """End those that no worker has, of builds that do not wait any more; returns how many."""

    def is_any_open(self) -> bool:
        """Whether there is one that is still to be sent."""

    def requeue_expired(self, now: float) -> int:
        """Take back those whose lease lapsed: they are stale at once; returns how many."""

    def requeue_of(self, worker: str, instance: str) -> int:
        """The same for those that this instance of the worker has, lapsed or not."""

    def renew(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """The ids of those whose lease was renewed."""

    def take_stale(self, before: float, limit: int) -> list[Announcement]:
        """Lock those that were published before `before` and never claimed (locked ones skipped), the oldest first."""

    def mark_dispatched(self, announcement_ids: Sequence[int], now: float) -> None:
        """Note that they are published now."""

    def count_claimed(self) -> dict[str, int]:
        """Worker -> how many it has; none that has none."""
