"""Workers in processes of their own, over each broker, beside Celery in the same run.

`python -m tests.bench.bench_workers [--json] [--count N] [--brokers nats,rabbit,kafka] [--parts latency,builds,…]`
- latency: from a trigger's request until the step's process runs, the system otherwise idle;
- builds: builds of one `/bin/true` step a second on one worker process, each a recorded build with its step and log,
  from a queue that is full;
- celery: the same command as a task of Celery on RabbitMQ, with a tuned gevent pool of as many slots;
- kill: from SIGKILL of a worker until its build's first step runs on another one;
- drain: from the end of a draining worker's last step to the end of its process;
- memory: an idle worker, all its processes together;
- swarm: 1,000 simulated workers, which send heartbeats and listen to commands, on one server.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from tests.bench.celery_peer import tasks_per_second
from tests.bench.farm import BROKERS, Farm, cpu_seconds, farm, memory_mib
from tests.bench.swarm import swarm
from tests.services.pikoci import PikociServer
from tests.services.rabbitmq import RabbitmqServer
from tests.services.worker import PikociWorker

PARALLEL = (1, 4, 16)
LATENCY_BUILDS = 60
DRAINS = 5
SHORT_LEASE = ("--lease=3s", "--heartbeat-interval=500ms")
IDLE_SECONDS = 3.0
REGISTER_SECONDS = 5.0
SWARM_SECONDS = 12.0

PIPELINE = """
job "true" {
  task "t" {
    run "exec" { path = "/bin/true" }
  }
}

job "date" {
  task "t" {
    run "exec" {
      path = "/bin/date"
      args = ["+%s.%N"]
    }
  }
}
"""
WAITING = """
job "wait" {{
  task "t" {{
    run "shell" {{
      cmd = <<-EOT
        date +%s.%N >> {folder}/started
        while ! test -e {folder}/gate; do sleep 0.02; done
        date +%s.%N >> {folder}/ended
      EOT
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Row:
    """One figure."""

    measure: str
    value: float
    unit: str


@dataclass(frozen=True)
class Site:
    """Where a part is measured."""

    system: str
    address: str
    database: str
    count: int

    def row(self, measure: str, value: float, unit: str) -> Row:
        """A figure on this broker."""
        return Row(f"{self.system}: {measure}", value, unit)


def latency(site: Site) -> Iterator[Row]:
    """From the trigger's request to the step's process, on an idle worker."""
    with farm(site.system, site.address, site.database) as made:
        made.worker("one")
        made.set_pipeline("bench", PIPELINE)
        _trigger(made.server, "1")  # warm
        times = sorted(_trigger(made.server, str(number)) for number in range(2, LATENCY_BUILDS + 2))
    yield site.row("trigger to first process, median", statistics.median(times), "ms")
    yield site.row("trigger to first process, p95", times[int(len(times) * 0.95) - 1], "ms")


def _trigger(server: PikociServer, number: str) -> float:
    began = time.time()
    server.post("/teams/main/pipelines/bench/jobs/date/builds", {})
    server.wait_for_build("bench", "date", number, "succeeded")
    return (float(server.build_log("bench", "date", number)) - began) * 1000


def builds(site: Site) -> Iterator[Row]:
    """Builds that wait behind a paused job, from the moment it is unpaused to the last one's end.

    One build comes first: on a new broker, a queue has to be made for it.
    """
    for slots in PARALLEL:
        with farm(site.system, site.address, site.database) as made:
            made.worker("one", f"--concurrency={slots}")
            made.set_pipeline("bench", PIPELINE)
            rate = _builds_per_second(made.server, site.count)
        yield site.row(f"builds of /bin/true, {slots} slots", rate, "1/s")


def _builds_per_second(server: PikociServer, count: int) -> float:
    job = "/teams/main/pipelines/bench/jobs/true"
    server.post(f"{job}/builds", {})
    server.wait_for_build("bench", "true", "1", "succeeded")
    server.post(f"{job}/pause")
    for _ in range(count):
        server.post(f"{job}/builds", {})
    began = time.time()
    server.post(f"{job}/unpause")
    server.wait_for_build("bench", "true", str(count + 1), "succeeded", timeout=120)
    while any(server.get(f"{job}/builds?limit=1&status={status}")["items"] for status in ("pending", "started")):
        time.sleep(0.01)
    ended = [datetime.fromisoformat(build["finished_at"]).timestamp() for build in _all_builds(server, job)]
    assert len(ended) == count + 1
    return count / (max(ended) - began)


def _all_builds(server: PikociServer, job: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = server.get(f"{job}/builds?limit=100{cursor}")
        for build in page["items"]:
            assert build["status"] == "succeeded", build
            yield build
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


def celery(site: Site) -> Iterator[Row]:
    """Celery on RabbitMQ; the other brokers it does not speak."""
    if site.system != "rabbit":
        return
    for slots in PARALLEL:
        rate = tasks_per_second(site.address, slots, site.count)
        yield Row(f"Celery on RabbitMQ: tasks of /bin/true, {slots} slots", rate, "1/s")


def kill(site: Site) -> Iterator[Row]:
    """With a short lease, and with the default one of 30 s."""
    for name, flags in (("lease 3 s", SHORT_LEASE), ("lease 30 s", ())):
        with farm(site.system, site.address, site.database, *flags) as made:
            workers = {name: made.worker(name) for name in ("one", "two")}
            _start_waiting(made, 1)
            ran_on = workers[made.server.build("waiting", "wait", "1")["worker"]]
            began = time.time()
            ran_on.signal(signal.SIGKILL)
            seconds = _marks(made, "started", 2, timeout=150)[1] - began
            (made.folder / "gate").touch()
            build = made.server.wait_for_build("waiting", "wait", "1", "succeeded", "failed", "errored")
            assert (build["status"], build["attempt"]) == ("succeeded", 2), build
        yield site.row(f"SIGKILL to rerun on another worker, {name}", seconds, "s")


def drain(site: Site) -> Iterator[Row]:
    """Of a few workers, one after another."""
    times = []
    with farm(site.system, site.address, site.database) as made:
        for number in range(1, DRAINS + 1):
            worker = made.worker(f"drained-{number}")
            assert worker.process is not None
            _start_waiting(made, number)
            worker.signal(signal.SIGQUIT)
            worker.wait_for(partial(_is_draining, worker), "the drain")
            (made.folder / "gate").touch()
            assert worker.process.wait() == 0
            left = time.time()
            times.append(left - _marks(made, "ended", number)[-1])
            made.server.wait_for_build("waiting", "wait", str(number), "succeeded")
            (made.folder / "gate").unlink()
    yield site.row("drained worker's exit after its last job's end, median", statistics.median(times) * 1000, "ms")
    yield site.row("drained worker's exit after its last job's end, worst", max(times) * 1000, "ms")


def _start_waiting(made: Farm, number: int) -> None:
    made.set_pipeline("waiting", WAITING.format(folder=made.folder))
    made.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    _marks(made, "started", number)
    made.server.wait_for_build("waiting", "wait", str(number), "started")


def _is_draining(worker: PikociWorker) -> bool:
    return "draining" in worker.text()


def _marks(made: Farm, name: str, count: int, timeout: float = 30.0) -> list[float]:
    path = made.folder / name

    def written() -> list[str]:
        lines = path.read_text().splitlines() if path.exists() else []
        return lines if len(lines) >= count else []

    return [float(line) for line in made.server.wait_for(written, f"{count} lines in {name}", timeout)]


def memory(site: Site) -> Iterator[Row]:
    """Some seconds after the start, and again after a build."""
    with farm(site.system, site.address, site.database) as made:
        worker = made.worker("one")
        assert worker.process is not None
        made.set_pipeline("bench", PIPELINE)
        time.sleep(IDLE_SECONDS)
        yield site.row("idle worker, all processes (PSS)", memory_mib(worker.process.pid), "MiB")
        _trigger(made.server, "1")
        time.sleep(IDLE_SECONDS)
        yield site.row("… after its first build", memory_mib(worker.process.pid), "MiB")


def simulated(site: Site) -> Iterator[Row]:
    """CPU and heartbeats while all are idle; what the simulation itself takes is not counted."""
    with farm(site.system, site.address, site.database) as made:
        assert made.server.process is not None
        pid = made.server.process.pid
        before = memory_mib(pid)
        with swarm(made.server.url, made.token, REGISTER_SECONDS, SWARM_SECONDS) as crowd:
            crowd.wait_until_all_listen()
            began, cpu = time.monotonic(), cpu_seconds(pid)
            found = crowd.result()
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
            after = memory_mib(pid)
    yield site.row(f"{found.workers} idle workers: server's CPU", share * 100, "% of a core")
    yield site.row(f"{found.workers} idle workers: server's memory (PSS)", after, "MiB")
    yield site.row("… above its memory without workers", after - before, "MiB")
    yield site.row(f"{found.workers} idle workers: heartbeats", found.beats_per_second, "1/s")
    yield site.row(f"{found.workers} idle workers: heartbeat, median", found.median_ms, "ms")
    yield site.row(f"{found.workers} idle workers: heartbeat, p99", found.p99_ms, "ms")


PARTS: dict[str, Callable[[Site], Iterator[Row]]] = {
    "latency": latency,
    "builds": builds,
    "celery": celery,
    "kill": kill,
    "drain": drain,
    "memory": memory,
    "swarm": simulated,
}
#: What does not depend on the broker is measured on the first one only.
ONCE = {"swarm"}


def measure(brokers: list[str], parts: list[str], database: str, count: int) -> Iterator[Row]:
    """The figures, one by one as they are known."""
    for position, system in enumerate(brokers):
        with BROKERS[system][0]() as broker:
            site = Site(system, broker.address, database, count)
            for part in parts:
                if position == 0 or part not in ONCE:
                    yield from PARTS[part](site)
    if "celery" in parts and "rabbit" not in brokers:
        with RabbitmqServer() as rabbit:
            yield from celery(Site("rabbit", rabbit.address, database, count))


def main() -> None:
    """Measure and print, each figure at once; the load of the machine before and after comes with them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=600, help="builds, and tasks, for each number of slots")
    parser.add_argument("--brokers", type=_names(BROKERS), default=list(BROKERS), help=", ".join(BROKERS))
    parser.add_argument("--parts", type=_names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    rows = [_load("before")]
    for row in measure(arguments.brokers, arguments.parts, arguments.database, arguments.count):
        rows.append(row)
        if not arguments.json:
            print(f"{row.measure:66} {row.value:9.1f} {row.unit}", flush=True)
    rows.append(_load("after"))
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in (rows[0], rows[-1]):
        print(f"{row.measure:66} {row.value:9.1f} {row.unit}")


def _names(known: dict[str, Any]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = text.split(",")
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return read


def _load(when: str) -> Row:
    return Row(f"load average of the last minute, {when}", os.getloadavg()[0], "")


if __name__ == "__main__":
    main()
