"""The logical queues between server and workers."""

from __future__ import annotations

from collections.abc import Sequence

JOBS_QUEUE = "jobs"
CHECKS_QUEUE = "checks"


def jobs_queue(tags: Sequence[str]) -> str:
    """The queue of jobs with these tags: `jobs`, or `jobs.<tags in order, joined by +>`."""
    return f"{JOBS_QUEUE}.{'+'.join(sorted(tags))}" if tags else JOBS_QUEUE


#: How a message begins that asks for an announcement, on a queue of checks; those for builds and checks are ids alone.
ANNOUNCEMENT = b"announce:"


def id_message(work: int) -> bytes:
    """The message for a build, or for the check of a resource: its id in ASCII digits."""
    return str(work).encode("ascii")


def announcement_message(announcement_id: int) -> bytes:
    """The message for an announcement."""
    return ANNOUNCEMENT + id_message(announcement_id)
