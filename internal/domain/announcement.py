"""Announcements: messages that say that a build has begun to wait for people's approval."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AnnouncementStatus(StrEnum):
    """Whether it was sent: it is still to be, it was, it could not be, or nobody had to be asked any more."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """One message about one build: there is one for each `notify` of the `approve` blocks that it waits for.

    `step` is the id of that notify in the job's plan, `notification` its canonical name. `dispatched_at` is when it was
    published last, None while a worker has it. `reason` says why it was not sent.
    """

    id: int
    build_id: int
    pipeline_id: int = 0
    job: str = ""
    label: str
    step: str
    notification: str
    status: AnnouncementStatus = AnnouncementStatus.PENDING
    reason: str = ""
    claim: int = 0
    worker: str | None = None
    dispatched_at: float | None = None
    finished_at: float | None = None
