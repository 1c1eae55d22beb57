"""The audit log."""

from __future__ import annotations

from datetime import datetime

from msgspec import UnsetType

from pikoci.internal.api import views
from pikoci.internal.api.audit_view import AuditEntryView, audit_entry
from pikoci.internal.api.bodies import AuditQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.service import Services


class Audit:
    """`/audit` and `/teams/{team}/audit`."""

    def __init__(self, services: Services) -> None:
        self._audit = services.audit

    def list(self, request: ApiRequest, query: AuditQuery) -> views.Listing[AuditEntryView]:
        """Entries of all teams and of the server."""
        return _shown(self._audit.list(request.principal, _wanted(query), limit=query.limit, cursor=query.cursor))

    def list_of_team(self, request: ApiRequest, team: str, query: AuditQuery) -> views.Listing[AuditEntryView]:
        """Entries of a team."""
        return _shown(
            self._audit.list_of_team(request.principal, team, _wanted(query), limit=query.limit, cursor=query.cursor)
        )


def _wanted(query: AuditQuery) -> AuditFilter:
    return AuditFilter(
        actor=query.actor,
        action=query.action,
        object=query.object,
        outcome=query.outcome,
        since=_seconds(query.since),
        until=_seconds(query.until),
    )


def _seconds(time: datetime | UnsetType) -> float | None:
    return None if isinstance(time, UnsetType) else time.timestamp()


def _shown(page: Page[AuditEntry]) -> views.Listing[AuditEntryView]:
    return views.Listing([audit_entry(one) for one in page.items], page.next)
