"""Metrics for Prometheus, in a registry of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import falcon
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from pikoci.internal.service.errors import PikociError
from pikoci.internal.service.model import Clock
from pikoci.internal.service.scheduling import Scheduling

log = logging.getLogger(__name__)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Metrics:
    """Counts requests as Falcon middleware, and asks the scheduling service for the rest when it is scraped.

    Labels hold route templates, methods and statuses, never names or ids.
    """

    def __init__(self, scheduling: Scheduling, clock: Clock) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._registry.register(WorkCollector(scheduling))
        self._requests = Counter(
            "pikoci_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "pikoci_http_request_seconds",
            "Time until a request's answer began.",
            ["route"],
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._counters: dict[tuple[str, str | None, int], Counter] = {}
        self._timers: dict[str | None, Histogram] = {}

    def process_request(self, request: falcon.Request, _: falcon.Response) -> None:
        """Note when the request began."""
        request.context.began = self._clock.monotonic()

    def process_response(self, request: falcon.Request, response: falcon.Response, __: object, ___: bool) -> None:
        """Count the request."""
        method = request.method if request.method in _METHODS else "other"
        key = (method, request.uri_template, response.status_code)
        counter = self._counters.get(key)
        if counter is None:
            route = request.uri_template or "unknown"
            counter = self._counters[key] = self._requests.labels(method, route, str(response.status_code))
            self._timers[request.uri_template] = self._seconds.labels(route)
        counter.inc()
        began = getattr(request.context, "began", None)
        if began is not None:
            self._timers[request.uri_template].observe(self._clock.monotonic() - began)

    def exposition(self) -> tuple[bytes, str]:
        """All metrics as text, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class WorkCollector(Collector):
    """Builds, queues and checks at the moment of the scrape; `pikoci_database_up` is 0 where they can't be read."""

    def __init__(self, scheduling: Scheduling) -> None:
        self._scheduling = scheduling

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: asking the database at registration would be too early."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        up = GaugeMetricFamily("pikoci_database_up", "Whether the database answers.")
        try:
            found = [self._builds(), self._lag()]
        except PikociError as error:
            log.warning("metrics could not read the database", extra={"error": error.message})
            found = []
        up.add_metric([], float(bool(found)))
        yield up
        yield from found
        depth = GaugeMetricFamily("pikoci_queue_depth", "Messages that wait.", labels=["queue"])
        for queue, waiting in sorted(self._scheduling.depths().items()):
            if waiting is not None:
                depth.add_metric([queue], float(waiting))
        yield depth

    def _builds(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("pikoci_builds", "Builds that have not ended; started ones run.", labels=["status"])
        counts = {"pending": 0, "waiting": 0, "started": 0, **self._scheduling.counts()}
        for status, count in counts.items():
            family.add_metric([str(status)], float(count))
        return family

    def _lag(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("pikoci_check_lag_seconds", "How far the most overdue check is behind.")
        family.add_metric([], self._scheduling.check_lag())
        return family
