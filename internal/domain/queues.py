"""The logical queues between server and workers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

JOBS_QUEUE = "jobs"
CHECKS_QUEUE = "checks"


def jobs_queue(tags: Sequence[str]) -> str:
    """The queue of jobs with these tags: `jobs`, or `jobs.<tags in order, joined by +>`."""
    return f"{JOBS_QUEUE}.{'+'.join(sorted(tags))}" if tags else JOBS_QUEUE


def jobs_queues(tags: Sequence[str], *, exclusive: bool = False) -> list[str]:
    """The queues of all jobs that a worker with these tags may run: one for each set of them.

    The empty set is left out where `exclusive`.
    """
    sizes = range(1 if exclusive else 0, len(tags) + 1)
    return [jobs_queue(chosen) for size in sizes for chosen in itertools.combinations(sorted(tags), size)]
