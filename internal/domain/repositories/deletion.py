"""Deleting pipelines."""

from __future__ import annotations

from typing import Protocol


class DeletionRepository(Protocol):
    """Deletes pipelines: out of everybody's sight at once, and then a small part at a time."""

    def hide(self, pipeline_id: int) -> bool:
        """From now on there is no such pipeline for any other repository; its name is free, its checks have ended.

        Returns False where that was so already.
        """

    def end_builds(self, pipeline_id: int, reason: str, now: float, limit: int) -> list[int]:
        """End at most so many of its active builds as cancelled (locked ones skipped); returns their ids."""

    def take(self) -> int | None:
        """Lock a hidden pipeline (locked ones skipped), or None."""

    def delete_some(self, pipeline_id: int, after: int) -> int | None:
        """Delete a part, small enough for nobody to wait; None when nothing is left, the pipeline neither.

        `after` is 0 in the beginning, and then what the last call returned.
        """
