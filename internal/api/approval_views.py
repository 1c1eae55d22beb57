"""What builds that wait for approval look like in JSON."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from pikoci.internal.domain.announcement import AnnouncementStatus


class VoteView(Struct, frozen=True):
    """What a person says of a build that waits for approval."""

    voter: str
    approves: bool
    reason: str
    at: datetime


class ApprovalView(Struct, frozen=True):
    """What a build waits or waited for: so many `approvals` for the label, before `until`, null: without limit."""

    label: str
    approvals: int
    missing: int
    until: datetime | None
    votes: list[VoteView]


class AnnouncementView(Struct, frozen=True):
    """A message that the build waits for the approval of `label`.

    It is `pending`, `sent`, `failed`, or `dropped` as the build was decided before; `reason` says why it is not sent.
    `at` is when it was sent or given up.
    """

    label: str
    notification: str
    status: AnnouncementStatus
    reason: str
    at: datetime | None
