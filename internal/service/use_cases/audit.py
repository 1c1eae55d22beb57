"""Reading the audit log."""

from __future__ import annotations

from msgspec.structs import replace

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.errors import PermissionDeniedError
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import require_role


class AuditService:
    """Use cases around the audit log. Reading it leaves no entry."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    def list(
        self, principal: Principal, wanted: AuditFilter, *, limit: int = 50, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Entries of all teams and of the server, newest first (global administrators only).

        A page may be short, and only the last has no next.
        """
        principal.require_user()
        if not principal.is_admin:
            raise PermissionDeniedError(
                "this needs a global administrator", hint="an administrator of a team may ask for that team's entries"
            )
        return self._store.audit.list(wanted, limit=limit, cursor=cursor)

    def list_of_team(
        self, principal: Principal, team: str, wanted: AuditFilter, *, limit: int = 50, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Entries of a team, as `list` gives them (role admin)."""
        require_role(principal, team, Role.ADMIN)
        return self._store.audit.list(replace(wanted, team=team), limit=limit, cursor=cursor)
