"""Resources of pipelines, and the webhooks that check them."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import PageQuery, Pin
from pikoci.internal.api.parsing import read_bytes
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.route import Reply
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.domain.webhooks.reading import TELLING
from pikoci.internal.domain.webhooks.signature import PROVING
from pikoci.internal.service import Services

#: What counts of a delivery's headers.
HEADERS = (*TELLING, *PROVING)


class Resources:
    """`…/resources` and what is below; a resource is named `type.name`."""

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self._resources = services.resources
        self._webhooks = services.webhooks
        self._settings = settings

    def list(
        self, request: ApiRequest, team: str, pipeline: str, query: PageQuery
    ) -> views.Listing[views.ResourceView]:
        """The pipeline's resources, in file order."""
        found = [render.resource(one) for one in self._resources.list(request.principal, team, pipeline)]
        return render.part(found, query.limit, query.cursor)

    def get(self, request: ApiRequest, team: str, pipeline: str, resource: str) -> views.ResourceView:
        """A resource with its newest and its pinned version."""
        return render.resource(self._resources.get(request.principal, team, pipeline, resource))

    def check(self, request: ApiRequest, team: str, pipeline: str, resource: str) -> None:
        """Look for new versions at once."""
        self._resources.check(request.principal, team, pipeline, resource)

    def pin(self, request: ApiRequest, team: str, pipeline: str, resource: str, body: Pin) -> None:
        """Offer only this version from now on."""
        self._resources.pin(request.principal, team, pipeline, resource, body.version_id)

    def unpin(self, request: ApiRequest, team: str, pipeline: str, resource: str) -> None:
        """Offer every version again."""
        self._resources.unpin(request.principal, team, pipeline, resource)

    def rotate_webhook_token(
        self, request: ApiRequest, team: str, pipeline: str, resource: str
    ) -> views.WebhookTokenView:
        """Give the resource a new webhook token; the old one is void at once."""
        token = self._resources.rotate_webhook_token(request.principal, team, pipeline, resource)
        return views.WebhookTokenView(token)

    def versions(
        self, request: ApiRequest, team: str, pipeline: str, resource: str, query: PageQuery
    ) -> views.Listing[views.VersionView]:
        """The resource's versions, newest first."""
        found = self._resources.versions(
            request.principal, team, pipeline, resource, limit=query.limit, cursor=query.cursor
        )
        return views.Listing([render.version(one) for one in found.items], found.next)

    def enable(self, request: ApiRequest, team: str, pipeline: str, resource: str, version: int) -> None:
        """Bring a version back into use."""
        self._resources.set_version_enabled(request.principal, team, pipeline, resource, version, enabled=True)

    def disable(self, request: ApiRequest, team: str, pipeline: str, resource: str, version: int) -> None:
        """Take a version out of use."""
        self._resources.set_version_enabled(request.principal, team, pipeline, resource, version, enabled=False)

    def trigger(self, request: ApiRequest, team: str, pipeline: str, resource: str, version: int) -> views.StartedView:
        """Start a build, with this very version, of every job that the resource triggers."""
        started = self._resources.trigger_version(request.principal, team, pipeline, resource, version)
        return views.StartedView([render.build(one, team, pipeline) for one in started])

    def webhook(self, request: ApiRequest, token: str) -> views.DeliveredView | Reply:
        """Have the resource of this token checked, unless what is posted does not concern it."""
        received = self._webhooks.deliver(token, lambda: self._delivery(request), request.address)
        checked = not received.passed_over
        view = views.DeliveredView(received.resource.canonical, checked, received.passed_over)
        return view if checked else Reply(200, view)

    def _delivery(self, request: ApiRequest) -> Delivery:
        body = read_bytes(request, self._settings.max_webhook_body, self._settings.body_timeout)
        return Delivery({name: request.get_header(name, default="") for name in HEADERS}, body)
