"""The WSGI application."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import falcon
import msgspec

from pikoci.internal.api.audit import note_refusal
from pikoci.internal.api.authentication import Authentication, Sessions
from pikoci.internal.api.endpoints.operations import Operations
from pikoci.internal.api.external import ExternalAddress
from pikoci.internal.api.headers import SecurityHeaders
from pikoci.internal.api.metrics import Metrics
from pikoci.internal.api.openapi import openapi
from pikoci.internal.api.problems import ErrorHandler
from pikoci.internal.api.proxies import ClientAddress
from pikoci.internal.api.replay import Replay
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.route import Endpoint, Route
from pikoci.internal.api.routes import table
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.service import Services


def create_app(services: Services, settings: ApiSettings) -> falcon.App[ApiRequest, falcon.Response]:
    """The API over these services. Nothing runs until it is called, and nothing is read from the environment.

    Pages are added to the same application: their resources find `request.principal` set by the same middleware, which
    also refuses changes from other sites, and get the same headers where they set none. Event streams end when the
    services' bus is closed.
    """
    clock = services.context.clock
    metrics = Metrics(services.monitoring, clock)
    app = falcon.App(request_type=ApiRequest)
    client = ClientAddress(settings.trusted_proxies)
    app.add_middleware(
        [
            metrics,
            SecurityHeaders(),
            client,
            ExternalAddress(settings),
            Authentication(Sessions(services, settings, clock), settings, services.context.last_use),
        ]
    )
    app.req_options.strip_url_path_trailing_slash = True
    errors = ErrorHandler(partial(note_refusal, services.context.audit))
    for kind in (Exception, falcon.HTTPError, falcon.HTTPStatus):
        app.add_error_handler(kind, errors)
    operations = Operations(services, settings, metrics)
    routes = table(services, settings, operations)
    operations.describe = cache(lambda: _describe(routes, settings))
    errors.templates = sorted({route.path for route in routes})
    replay = Replay(services.idempotency)
    for path in errors.templates:
        app.add_route(path, Endpoint(_at(path, routes), settings, replay))
    return app


def _describe(routes: Sequence[Route], settings: ApiSettings) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(openapi(routes, settings.version, settings.external_url)))


def _at(path: str, routes: Sequence[Route]) -> list[Route]:
    return [route for route in routes if route.path == path]
