"""Metrics for Prometheus, in a registry of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import falcon
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import PikociError
from pikoci.internal.service.use_cases.monitoring import Monitoring

log = logging.getLogger(__name__)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Metrics:
    """Counts requests as Falcon middleware, and asks the services for the rest when it is scraped.

    Labels hold route templates, methods and statuses, never names or ids.
    """

    def __init__(self, monitoring: Monitoring, clock: Clock) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._registry.register(WorkCollector(monitoring))
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

    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring = monitoring

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: asking the database at registration would be too early."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges, and what this server has counted."""
        up = GaugeMetricFamily("pikoci_database_up", "Whether the database answers.")
        try:
            found = [self._builds(), self._lag(), self._workers()]
        except PikociError as error:
            log.warning("metrics could not read the database", extra={"error": error.message})
            found = []
        up.add_metric([], float(bool(found)))
        yield up
        yield from found
        yield from self._queues()
        yield from self._counted()

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("pikoci_queue_depth", "Messages that wait.", labels=["queue"])
        held = GaugeMetricFamily("pikoci_queue_in_flight", "Messages that workers hold.", labels=["queue"])
        oldest = GaugeMetricFamily(
            "pikoci_queue_oldest_seconds",
            "Age of the oldest message that waits, if the broker knows.",
            labels=["queue"],
        )
        for queue, state in sorted(self._monitoring.common_queues().items()):
            if state is None:
                continue
            depth.add_metric([queue], float(state.waiting))
            held.add_metric([queue], float(state.in_flight))
            if not state.waiting or state.oldest is not None:
                oldest.add_metric([queue], state.oldest or 0.0)
        yield from (depth, held, oldest)

    def _counted(self) -> Iterator[Metric]:
        measures = self._monitoring.measures()
        yield HistogramMetricFamily(
            "pikoci_dispatch_seconds",
            "From the publishing of a build until a worker claimed it.",
            buckets=measures.dispatch.cumulated(),
            sum_value=measures.dispatch.sum,
        )
        yield HistogramMetricFamily(
            "pikoci_hub_gap_seconds",
            "Stretches of 5 ms and more for which the server did one thing only and everybody else waited.",
            buckets=measures.hub_gap.cumulated(),
            sum_value=measures.hub_gap.sum,
        )
        taken = CounterMetricFamily(
            "pikoci_leases_taken_back", "Builds, checks and announcements whose worker was lost.", labels=["kind"]
        )
        for kind, count in measures.leases_taken_back.items():
            taken.add_metric([kind], float(count))
        yield taken
        hooks = CounterMetricFamily(
            "pikoci_webhooks",
            "What became of deliveries to webhooks; refused are those not signed.",
            labels=["outcome"],
        )
        for outcome, count in measures.webhooks.items():
            hooks.add_metric([outcome], float(count))
        yield hooks

    def _workers(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("pikoci_workers", "Workers that registered.", labels=["state"])
        for state, count in self._monitoring.workers().items():
            family.add_metric([state], float(count))
        return family

    def _builds(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("pikoci_builds", "Builds that have not ended; started ones run.", labels=["status"])
        counts = {"pending": 0, "waiting": 0, "started": 0, **self._monitoring.counts()}
        for status, count in counts.items():
            family.add_metric([str(status)], float(count))
        return family

    def _lag(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("pikoci_check_lag_seconds", "How far the most overdue check is behind.")
        family.add_metric([], self._monitoring.check_lag())
        return family
