"""An entry of the audit log as answers, and the server's stream of lines, show it."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from pikoci.internal.domain.audit import AuditEntry


class AuditEntryView(Struct, frozen=True):
    """A change or a refusal. `team` is null for what belongs to none, `outcome` is `done` or the slug of a problem.

    `actor` is a user, `worker NAME`, `webhook` or `system`, empty for nobody known; of a refused login it is who
    somebody wanted to be. `token` is the kind and the id of what the request came with. `count` is how often it came,
    where equal refusals were put together.
    """

    id: int
    at: datetime
    actor: str
    token: str
    action: str
    object: str
    team: str | None
    address: str
    outcome: str
    detail: dict[str, str]
    count: int


def audit_entry(one: AuditEntry) -> AuditEntryView:
    """The entry, for people and collectors."""
    return AuditEntryView(
        one.id,
        datetime.fromtimestamp(one.at, UTC),
        one.actor,
        one.token,
        one.action,
        one.object,
        one.team or None,
        one.address,
        one.outcome,
        one.detail,
        one.count,
    )
