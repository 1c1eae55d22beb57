"""How late checks are: 10,000 resources, each checked every minute, SQLite in a file, an embedded worker.

`python -m tests.bench.bench_checks [--json] [--seconds N]`. Lateness is from the moment a check falls due until its
message is on the queue; the worker claims, runs (a `cron` resource, which runs inside the worker) and reports each.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import json  # noqa: E402 - as above
import logging  # noqa: E402 - as above
import os  # noqa: E402 - as above
import secrets  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import tempfile  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Mapping  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above
from random import Random  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import structlog  # noqa: E402 - as above

from pikoci.internal.domain.accounts import SYSTEM  # noqa: E402 - as above
from pikoci.internal.domain.clock import SystemClock  # noqa: E402 - as above
from pikoci.internal.scheduler import Scheduler  # noqa: E402 - as above
from pikoci.internal.service import Services, build_services  # noqa: E402 - as above
from pikoci.internal.store import StoreSettings, open_store  # noqa: E402 - as above
from pikoci.internal.worker.process import Spawner  # noqa: E402 - as above
from pikoci.internal.worker.settings import WorkerSettings, inherit_environment  # noqa: E402 - as above
from pikoci.internal.worker.worker import Worker  # noqa: E402 - as above
from pikoci.pkg.queue.mem import MemoryBackend  # noqa: E402 - as above

PIPELINES, RESOURCES = 10, 1000
WARM_UP = 5.0


class Watch:
    """Notes how late each check is when it is dispatched."""

    def __init__(self, services: Services) -> None:
        self.late: list[float] = []
        self._resources = services.context.store.resources
        self._mark = self._resources.mark_dispatched
        self._take = self._resources.take_due
        self._due: dict[int, float] = {}
        vars(self._resources)["take_due"] = self.take_due
        vars(self._resources)["mark_dispatched"] = self.mark_dispatched

    def take_due(self, now: float, limit: int) -> object:
        """As the store does; remembers when each fell due."""
        taken = self._take(now, limit)
        self._due.update({one.id: one.next_check_at or now for one in taken})
        return taken

    def mark_dispatched(self, due: Mapping[int, float | None], now: float) -> None:
        """As the store does; notes the lateness."""
        self._mark(due, now)
        written = time.time()
        self.late += [written - self._due[one] for one in due]


def pipeline(number: int) -> str:
    """A pipeline of resources that nobody gets."""
    blocks = [f'resource "cron" "r{number}-{one}" {{ check_interval = "@every 1m" }}' for one in range(RESOURCES)]
    return "\n".join(blocks) + f'\njob "j{number}" {{\n  task "t" {{\n    run "exec" {{ path = "true" }}\n  }}\n}}\n'


def is_quiet(services: Services, backend: MemoryBackend) -> bool:
    """Whether nothing is overdue and no check waits or runs."""
    depth = backend.depth("checks")
    due = services.context.store.resources.next_due_at()
    return depth.waiting + depth.in_flight < 10 and due is not None and due > time.time() - 1


def measure(folder: Path, seconds: float) -> dict[str, float]:
    """Let a server run for a minute's checks, then for that long, and look at the latter."""
    store = open_store(StoreSettings(system="sqlite", name=str(folder / "pikoci.db")))
    store.migrate()
    backend, clock = MemoryBackend(), SystemClock()
    services = build_services(store, backend, clock)
    services.accounts.ensure_team("main")
    for number in range(PIPELINES):
        services.pipelines.set(SYSTEM, "main", f"p{number}", pipeline(number), {})
    workdir = folder / "worker"
    settings = WorkerSettings(
        name="bench",
        instance=secrets.token_hex(4),
        version="0",
        workdir=workdir,
        spool_dir=workdir / "spool",
        environment=inherit_environment(os.environ),
        concurrency=16,
    )
    subscriptions = {queue: backend.subscribe([queue]) for queue in ("jobs", "checks")}
    worker = Worker(services.gateway, subscriptions, Spawner(settings.mark), settings, clock, Random())
    scheduler = Scheduler(services)
    working = gevent.spawn(worker.run)
    began = time.monotonic()
    scheduler.start()
    gevent.sleep(1)
    while not is_quiet(services, backend):  # the first checks, all at once
        gevent.sleep(0.2)
    first = time.monotonic() - began
    gevent.sleep(WARM_UP)
    watch, cpu = Watch(services), time.process_time()
    gevent.sleep(seconds)
    used = time.process_time() - cpu
    late = sorted(watch.late)
    worker.drain(5)
    working.join()
    scheduler.stop()
    store.close()
    return {
        "first checks of all, seconds": first,
        "checks a second": len(late) / seconds,
        "late, median, ms": statistics.median(late) * 1000,
        "late, p99, ms": late[int(len(late) * 0.99) - 1] * 1000,
        "late, worst, ms": late[-1] * 1000,
        "CPU, percent of one core": 100 * used / seconds,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="pikoci-bench-") as name:
        figures = measure(Path(name), arguments.seconds)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for what, figure in figures.items():
        print(f"{what:32} {figure:10.1f}")


if __name__ == "__main__":
    main()
