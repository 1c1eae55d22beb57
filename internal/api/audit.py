"""Refusals that no use case sees, for the audit log: bad tokens, and whatever else is answered with 403."""

from __future__ import annotations

import falcon

from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.errors import PermissionDeniedError, PikociError, UnauthenticatedError
from pikoci.internal.service.plumbing.audit import AuditTrail
from pikoci.internal.service.use_cases.access import name_of


def note_refusal(audit: AuditTrail, request: falcon.Request, error: Exception) -> None:
    """Keep that a token, or a request with a good one, was refused, unless the use case has kept it already.

    A request without a token is a stranger's, and no attempt. The object is the address's template: it has bounded
    many forms, and what a field of it holds may be a secret.
    """
    if not isinstance(error, PikociError) or not isinstance(request, ApiRequest) or error.is_audited:
        return
    entry = AuditEntry(action="token.refused", address=request.client)
    if isinstance(error, UnauthenticatedError):
        if "HTTP_AUTHORIZATION" in request.env:
            audit.refuse(entry, error)
    elif isinstance(error, PermissionDeniedError) and not _is_work(request.uri_template or ""):
        audit.refuse(
            AuditEntry(
                action="request.refused",
                actor=name_of(request.principal),
                token=request.principal.credential,
                object=f"{request.method} {request.uri_template or ''}".strip(),
                address=request.address,
            ),
            error,
        )


def _is_work(template: str) -> bool:
    """Whether a worker asks for work, which may be another's any time; to join is none."""
    return template.startswith("/api/v1/worker/") and not template.endswith("/register")
