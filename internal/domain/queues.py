"""The logical queues between server and workers."""

from __future__ import annotations

from collections.abc import Sequence

JOBS_QUEUE = "jobs"
CHECKS_QUEUE = "checks"


def jobs_queue(tags: Sequence[str]) -> str:
    """The queue of jobs with these tags: `jobs`, or `jobs.<tags in order, joined by +>`."""
    return f"{JOBS_QUEUE}.{'+'.join(sorted(tags))}" if tags else JOBS_QUEUE
