"""What operators and their tools ask: health, metrics, version, description."""

from __future__ import annotations

from collections.abc import Callable

import falcon
import msgspec

from pikoci.internal.api import views
from pikoci.internal.api.metrics import Metrics
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service import Services


class Operations:
    """`/healthz`, `/readyz`, `/metrics`, `/version` and `/api/v1/openapi.json`."""

    def __init__(self, services: Services, settings: ApiSettings, metrics: Metrics) -> None:
        self._context = services.context
        self._version = settings.version
        self._metrics = metrics
        #: Makes the OpenAPI document, from the routes that the methods of this object are a part of.
        self.describe: Callable[[], msgspec.Raw] = lambda: msgspec.Raw(b"{}")

    def health(self, _: ApiRequest) -> views.HealthView:
        """The process answers."""
        return views.HealthView("ok")

    def ready(self, _: ApiRequest) -> views.HealthView:
        """The process and its database answer, and it is not ending. Raises UnavailableError."""
        if self._context.bus.closed:
            raise UnavailableError("the server is ending")
        self._context.store.check_health()
        return views.HealthView("ok")

    def version(self, _: ApiRequest) -> views.ServerVersionView:
        """The server's version."""
        return views.ServerVersionView(self._version)

    def metrics(self, _: ApiRequest, response: falcon.Response) -> None:
        """Counters and gauges, in Prometheus' text format."""
        response.data, response.content_type = self._metrics.exposition()

    def openapi(self, _: ApiRequest) -> msgspec.Raw:
        """The description of every route, OpenAPI 3.1."""
        return self.describe()
