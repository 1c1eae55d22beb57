"""Wake-ups between two servers on one PostgreSQL, and what they cost those who write.

`python -m tests.bench.bench_wakeups [--json] [--count N] [--seconds S]` measures
- milliseconds from the report of a log event to one server until a follower reads it, on the same server and on the
  other one, the system otherwise idle: median, 90th and 99th percentile, maximum;
- transactions a second that each write a piece of log, with 1, 8 and 32 writers: without wake-ups, with the relay, and
  with NOTIFY in each transaction. PostgreSQL runs with fsync here.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import itertools  # noqa: E402 - as above
import json  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Callable, Iterator  # noqa: E402 - as above
from contextlib import closing, suppress  # noqa: E402 - as above
from functools import partial  # noqa: E402 - as above
from random import Random  # noqa: E402 - as above
from statistics import median, quantiles  # noqa: E402 - as above
from unittest.mock import patch  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import httpx  # noqa: E402 - as above

from pikoci.internal.domain.build import LogChunk  # noqa: E402 - as above
from pikoci.internal.domain.errors import ConflictError  # noqa: E402 - as above
from pikoci.internal.domain.events import LogWritten  # noqa: E402 - as above
from pikoci.internal.domain.gateway import WorkerHello  # noqa: E402 - as above
from pikoci.internal.service import EventBus  # noqa: E402 - as above
from pikoci.internal.store import open_store  # noqa: E402 - as above
from pikoci.internal.store.store import SqlStore  # noqa: E402 - as above
from pikoci.internal.worker.http.gateway import HttpGateway  # noqa: E402 - as above
from tests.bench.farm import Farm, farm  # noqa: E402 - as above
from tests.contract.internal.store.conftest import settings_of  # noqa: E402 - as above
from tests.contract.internal.store.world import World  # noqa: E402 - as above
from tests.services import postgresql  # noqa: E402 - as above
from tests.services.nats import NatsServer  # noqa: E402 - as above
from tests.services.pikoci import running_server  # noqa: E402 - as above

WRITERS = (1, 8, 32)
ROUNDS = 10
PIPELINE = 'job "j" {\n  task "t" {\n    run "exec" { path = "/bin/true" }\n  }\n}\n'
BUILD = "/teams/main/pipelines/bench/jobs/j/builds"

Figures = dict[str, float]


def latency(count: int) -> dict[str, Figures]:
    """A worker reports to one server, a browser follows through it and then through the other."""
    with NatsServer() as broker, farm("nats", broker.address, "postgresql", "--lease=10m") as made:
        folder = made.folder / "other"
        folder.mkdir()
        with running_server(folder, made.server._flags[4:]) as other:
            # Its start made the password anew, and with that ended the session of the first one's client.
            made.server.http.headers["authorization"] = other.http.headers["authorization"]
            made.set_pipeline("bench", PIPELINE)
            browsers = {"a log event to the same server": made.server.http, "… to the other server": other.http}
            return {name: _followed(made, browser, count) for name, browser in browsers.items()}


def _followed(made: Farm, browser: httpx.Client, count: int) -> Figures:
    build = made.server.post(BUILD)
    worker, instance, random = "w", f"{1:032x}.1", Random(1)
    gateway = HttpGateway(made.server.url, made.token, worker, instance)
    gateway.register(WorkerHello(name=worker, instance=instance, version="0", queues=["jobs"], concurrency=1))
    claim = made.server.wait_for(partial(_claim, gateway, build["id"], worker, instance), "a dispatched build")
    times = []
    with browser.stream("GET", f"/api/v1{BUILD}/{build['number']}/events", timeout=30) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line == "event: status")
        for number in range(1, count + 1):
            time.sleep(random.uniform(0.1, 0.6))
            start = time.perf_counter()
            gateway.report(build["id"], claim, number, [LogWritten(step="", at=1.0, data=f"{number}\n".encode())])
            next(line for line in lines if line == "event: log")
            times.append((time.perf_counter() - start) * 1000)
    gateway.close()
    cuts = quantiles(times, n=100)
    return {"median, ms": median(times), "p90, ms": cuts[89], "p99, ms": cuts[98], "maximum, ms": max(times)}


def _claim(gateway: HttpGateway, build: int, worker: str, instance: str) -> int:
    with suppress(ConflictError):
        return gateway.claim_build(build, worker, instance).claim
    return 0


def cost(seconds: float) -> Iterator[tuple[str, Figures]]:
    """Log writes of several writers, each with its build, in one process with 16 connections."""
    safe = {**postgresql.SETTINGS, "fsync": "on", "full_page_writes": "on"}
    with patch.object(postgresql, "SETTINGS", safe):
        server = postgresql.PostgresqlServer()
    with closing(server), closing(open_store(settings_of(server.admin))) as store:
        store.migrate()
        bus = EventBus(store.relay)
        ways: dict[str, Callable[[SqlStore, int], None]] = {
            "alone": lambda store, build: None,
            "with the relay": lambda store, build: store.after_commit(partial(bus.notify, f"build/{build}")),
            "with NOTIFY inside": lambda store, build: _notify(store, f"build/{build}"),
        }
        world = World(store)
        builds = [world.build(world.job(f"j{number}")).id for number in range(max(WRITERS))]
        places = dict.fromkeys(builds, 0)
        for writers in WRITERS:
            figures: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, way in ways.items():
                    figures[name].append(_rate(store, places, builds[:writers], way, seconds / ROUNDS))
            yield f"{writers} writers", {name: median(found) for name, found in figures.items()}


def _notify(store: SqlStore, topic: str) -> None:
    store.session.rows("SELECT pg_notify('other', ?)", (topic,))


def _rate(
    store: SqlStore, places: dict[int, int], builds: list[int], way: Callable[[SqlStore, int], None], seconds: float
) -> float:
    count, end = itertools.count(), time.perf_counter() + seconds

    def write(build: int) -> None:
        while time.perf_counter() < end:
            chunk = LogChunk(offset=places[build], step="1", claim=1, at=1.0, data=b"x" * 200)
            places[build] += 200
            with store.transaction():
                store.logs.append(build, [chunk])
                way(store, build)
            next(count)

    start = time.perf_counter()
    gevent.joinall([gevent.spawn(write, build) for build in builds], raise_error=True)
    return next(count) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--count", type=int, default=100, help="log events whose way is timed, on each server")
    parser.add_argument("--seconds", type=float, default=6.0, help="time for each rate")
    arguments = parser.parse_args()
    found = latency(arguments.count)
    found |= {f"log writes a second, {name}": figures for name, figures in cost(arguments.seconds)}
    rounded = {name: {key: round(value, 1) for key, value in figures.items()} for name, figures in found.items()}
    if arguments.json:
        print(json.dumps(rounded, indent=2))
        return
    for name, figures in rounded.items():
        print(name, *(f"  {key:20}{value:12,.1f}" for key, value in figures.items()), sep="\n")


if __name__ == "__main__":
    main()
