"""Microseconds per call of the store's hot paths.

`python -m tests.bench.bench_store [--json] [--system NAME] [--seconds S]`. Each call is a whole transaction where it
writes. `raw` is one prepared statement by key on the bare driver, the floor of the same run. PostgreSQL is a private
server with fsync off, as in the tests: what is measured is this side and the trip.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import itertools  # noqa: E402 - as above
import sqlite3  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import tempfile  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Callable, Iterator  # noqa: E402 - as above
from contextlib import contextmanager  # noqa: E402 - as above
from statistics import median  # noqa: E402 - as above
from typing import Any, Literal  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import msgspec  # noqa: E402 - as above
from msgspec.structs import replace  # noqa: E402 - as above

from pikoci.internal.domain.build import BuildStatus, LogChunk, Step, StepStatus  # noqa: E402 - as above
from pikoci.internal.domain.inputs import Need  # noqa: E402 - as above
from pikoci.internal.domain.pipeline import Job  # noqa: E402 - as above
from pikoci.internal.store import StoreSettings, open_store  # noqa: E402 - as above
from pikoci.internal.store.store import SqlStore  # noqa: E402 - as above
from tests.contract.internal.store.conftest import settings_of  # noqa: E402 - as above
from tests.contract.internal.store.world import World, wished  # noqa: E402 - as above
from tests.services.postgresql import PostgresqlServer  # noqa: E402 - as above

System = Literal["mem", "sqlite", "postgresql"]
BUILDS, RESOURCES = 10_000, 10_000
KIB256 = bytes(range(256)) * 1024


@contextmanager
def stores(system: System) -> Iterator[SqlStore]:
    with tempfile.TemporaryDirectory() as folder:
        if system == "postgresql":
            server = PostgresqlServer()
            try:
                yield open_store(settings_of(server.admin))
            finally:
                server.close()
        else:
            store = open_store(StoreSettings(system=system, name=f"{folder}/x.db"))
            yield store
            store.close()


class Scene:
    """10,000 ended builds with an input each, 10,000 resources with versions."""

    def __init__(self, store: SqlStore) -> None:
        store.migrate()
        self.store, self.world = store, World(store)
        self.job = self.world.job()
        self.version = self.world.versions("a")[0]
        self.draft = replace(self.world.build(self.job), id=0, number=0)
        self.inputs = [self.world.choice(self.version, "repo")]
        for _ in range(BUILDS // 500):
            with store.transaction():
                for _ in range(500):
                    done = replace(self.draft, status=BuildStatus.SUCCEEDED, finished_at=9.0)
                    store.builds.create(done, self.inputs)
        self.world.resources(*(wished(f"git.r{n}", next_check_at=float(n)) for n in range(RESOURCES)))
        self.line = self.world.job("line")
        self.history = store.history(self.job.pipeline_id)
        self.numbers = itertools.count()
        self.offset = 0

    def create(self, job: Job | None = None) -> Any:
        draft = replace(self.draft, dispatched_at=4.0, job_id=job.id if job else self.job.id)
        with self.store.transaction():
            return self.store.builds.create(draft, self.inputs)

    def claim(self) -> Any:
        with self.store.transaction():
            return self.world.claim(self.fresh, "w", "i")

    def save(self) -> Any:
        with self.store.transaction():
            build = self.store.builds.lock(self.fresh.id)
            assert build
            self.store.builds.save(replace(build, status=BuildStatus.STARTED, last_event=build.last_event + 1))

    def steps(self) -> Any:
        step = Step(build_id=self.fresh.id, claim=1, id="1", name="n", kind="task", status=StepStatus.STARTED)
        with self.store.transaction():
            self.store.builds.save_steps([step])

    def log(self, data: bytes = b"x" * 200) -> Any:
        chunk = LogChunk(offset=self.offset, step="1", claim=1, at=1.0, data=data)
        self.offset += len(data)
        with self.store.transaction():
            self.store.logs.append(self.fresh.id, [chunk])

    def due(self) -> Any:
        with self.store.transaction():
            self.store.resources.take_due(5000.0, 100)

    def find(self) -> Any:
        """A check that finds 10 new versions."""
        refs = [{"ref": f"n{next(self.numbers)}"} for _ in range(10)]
        with self.store.transaction():
            self.store.versions.save(self.version.resource_id, refs, 1.0)

    def find_known(self) -> Any:
        with self.store.transaction():
            self.store.versions.save(self.version.resource_id, [{"ref": "a"}], 1.0)

    def life(self) -> Any:
        """What one build of one step asks of the store, in as many transactions as a service needs."""
        self.fresh = self.create(self.line)
        self.claim()
        self.store.builds.inputs(self.fresh.id)
        self.save()
        with self.store.transaction():
            build = self.store.builds.lock(self.fresh.id)
            assert build
            step = Step(build_id=build.id, claim=1, id="1", name="n", kind="task", status=StepStatus.SUCCEEDED)
            self.store.builds.save_steps([step])
            self.store.logs.append(build.id, [LogChunk(offset=0, step="1", claim=1, at=1.0, data=b"ok\n")])
            self.store.builds.save(replace(build, status=BuildStatus.SUCCEEDED, finished_at=9.0, log_size=3))
            self.store.jobs.request_scheduling([build.job_id])
        with self.store.transaction():
            self.store.jobs.take_scheduling_requests(10)
            self.store.builds.pending(self.line.id, resolved=True, limit=50)
            self.store.builds.count_active([self.line.id])

    def cases(self) -> dict[str, Callable[[], Any]]:
        builds, history = self.store.builds, self.history
        self.fresh = self.create()
        return {
            "builds.get": lambda: builds.get(self.fresh.id),
            "builds.list 50 of 10,000": lambda: builds.list(job_id=self.job.id, limit=50, cursor=None),
            "builds.inputs": lambda: builds.inputs(self.fresh.id),
            "resources.take_due 100 of 10,000": self.due,
            "history.last_use": lambda: history.last_use(self.job.name, "repo", "git.repo"),
            "versions.save, the newest again": self.find_known,
            "versions.save, 10 new": self.find,
            "versions.latest": lambda: self.store.versions.latest(self.version.resource_id),
            "history.last_use, versions behind": lambda: history.last_use(self.job.name, "repo", "git.repo"),
            "history.newest": lambda: history.newest("git.repo"),
            "history.builds, first": lambda: next(iter(history.builds(self.job.name, [Need("git.repo")]))),
            "history.used": lambda: history.used(self.job.name, "repo", self.version.id),
            "builds.create with an input": self.create,
            "builds.claim (lost)": self.claim,
            "builds.lock + save": self.save,
            "builds.save_steps": self.steps,
            "logs.append 200 B": self.log,
            "a build's whole life": self.life,
        }


def measured(call: Callable[[], Any], seconds: float) -> float:
    """Median microseconds per call."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end or len(times) < 3:
        call()
        times.append(time.perf_counter() - start)
        gevent.sleep(0)
    return median(times) * 1e6


def raw(scene: Scene, system: str, seconds: float) -> float:
    if system == "postgresql":
        with scene.store.transaction():
            connection = scene.store.session.database.connection()
            cursor = connection.cursor()
            return measured(lambda: (cursor.execute("SELECT 1"), cursor.fetchall()), seconds)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
    return measured(lambda: connection.execute("SELECT * FROM t WHERE id = ?", (1,)).fetchall(), seconds)


def megabytes(scene: Scene, chunks: int) -> float:
    scene.fresh, scene.offset = scene.create(), 0
    start = time.perf_counter()
    for _ in range(chunks):
        scene.log(KIB256)
        gevent.sleep(0)
    return chunks / 4 / (time.perf_counter() - start) * 1.048576


def run(system: System, seconds: float) -> dict[str, float]:
    with stores(system) as store:
        scene = Scene(store)
        if system == "postgresql":
            with store.transaction():
                store.session.write("ANALYZE")  # as autovacuum would, which is off here
        found = {"raw: one row by key": raw(scene, system, seconds)}
        found |= {name: measured(call, seconds) for name, call in scene.cases().items()}
        found["logs.append 256 KiB, MB/s"] = megabytes(scene, 400 if system != "postgresql" else 100)
        return {name: round(value, 1) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--system", action="append", choices=("mem", "sqlite", "postgresql"))
    parser.add_argument("--seconds", type=float, default=0.3, help="time for each measure")
    options = parser.parse_args()
    found = {system: run(system, options.seconds) for system in options.system or ("mem", "sqlite", "postgresql")}
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
        return
    names = next(iter(found.values()))
    sys.stdout.write(f"{'µs per call (median)':36}" + "".join(f"{system:>12}" for system in found) + "\n")
    for name in names:
        sys.stdout.write(f"{name:36}" + "".join(f"{found[system][name]:12,.1f}" for system in found) + "\n")


if __name__ == "__main__":
    main()
