"""What becomes of the events that forges post to resources' webhooks."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES
from pikoci.internal.domain.errors import NotFoundError, PermissionDeniedError
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import Pipeline, ResourceState
from pikoci.internal.domain.plan import Json
from pikoci.internal.domain.webhooks.concern import passed_over
from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.domain.webhooks.reading import read_event
from pikoci.internal.domain.webhooks.signature import is_genuine
from pikoci.internal.service.plumbing.bus import CHECKS
from pikoci.internal.service.plumbing.context import Context

log = logging.getLogger(__name__)

_MAX_TOKEN = 200
#: Reading a longer body would keep everybody else waiting.
_SHORT = 64 * 1024


class Received(msgspec.Struct, frozen=True):
    """What became of a delivery: the resource will be checked, or it was passed over for a reason."""

    resource: ResourceState
    passed_over: str = ""


class WebhookService:
    """Deliveries to webhooks, which need no login: the token opens one resource, for checks alone."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def deliver(self, token: str, read: Callable[[], Delivery], address: str = "") -> Received:
        """Check the token's resource soon if what `read` gives may mean new versions of it.

        Checks that are asked for by many deliveries at once are two: the first begins at once, and `webhook_gap` later
        one that sees what the others told of. Nothing is read for an unknown token, which raises NotFoundError. Raises
        PermissionDeniedError where the resource has a secret and the delivery was not made with it.
        """
        state, pipeline = self._find(token)
        spec = self._context.compiled.get(pipeline).spec
        resource, kind = spec.resource(state.canonical), spec.resource_type(state.type)
        delivery = read()
        builtin = kind.builtin if kind and kind.builtin in BUILTIN_RESOURCE_TYPES else ""
        judged = (delivery, spec.webhook_secrets.get(state.canonical, ""), builtin, resource.params if resource else {})
        is_short = len(delivery.body) <= _SHORT
        reason = _judge(*judged) if is_short else self._context.run_in_thread(_judge, *judged)
        if reason is None:
            self._refuse(state, pipeline, address)
        elif reason:
            self._context.measures.webhooks["passed_over"] += 1
        else:
            self._request(state)
            self._context.audit.count(_entry(state, pipeline, address))
        return Received(state, reason or "")

    def _find(self, token: str) -> tuple[ResourceState, Pipeline]:
        state = pipeline = None
        if 0 < len(token) <= _MAX_TOKEN and token.isascii() and token.isprintable():
            state = self._store.resources.find_by_webhook_token(token)
        if state is not None and not state.archived:
            pipeline = self._store.pipelines.get(state.pipeline_id)
        if state is None or pipeline is None:
            raise NotFoundError("no resource has this webhook token")
        return state, pipeline

    def _refuse(self, state: ResourceState, pipeline: Pipeline, address: str) -> None:
        self._context.measures.webhooks["refused"] += 1
        about = {"team": pipeline.team, "pipeline": pipeline.name, "resource": state.canonical}
        log.warning("refused a webhook's delivery, which is not signed with the resource's secret", extra=about)
        error = PermissionDeniedError("this delivery is refused", hint="the server's log says why")
        self._context.audit.refuse(_entry(state, pipeline, address), error)
        raise error

    def _request(self, state: ResourceState) -> None:
        gap = self._context.settings.webhook_gap
        with self._store.transaction():
            self._store.resources.request_spaced_check(state.id, self._context.clock.now(), gap)
        self._context.measures.webhooks["checked"] += 1
        self._context.notify(CHECKS)


def _entry(state: ResourceState, pipeline: Pipeline, address: str) -> AuditEntry:
    name = full_name(pipeline.team, pipeline.name, state.canonical)
    return AuditEntry(action="webhook.receive", actor="webhook", object=name, team=pipeline.team, address=address)


def _judge(delivery: Delivery, secret: str, builtin: str, params: dict[str, Json]) -> str | None:
    """Why the delivery is passed over; empty where it asks for a check, None where it is not genuine."""
    if secret and not is_genuine(delivery, secret):
        return None
    return passed_over(read_event(delivery), builtin, params)
