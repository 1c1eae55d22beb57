"""The worker alone, with a server in memory, beside bare spawns in the same run.

`python -m tests.bench.bench_worker [--json] [--count N]` measures
- builds of one `/bin/true` step a second, each one claim and one report, at 1, 4 and 16 in parallel;
- an `in_parallel` of 16 `/bin/true`, and how many times the longest of them alone it takes, from start to end;
- 100 MB of log from one step, in MB/s until all is delivered, without and with secrets to mask, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

from pikoci.cooperative import make_cooperative

make_cooperative()

import msgspec  # noqa: E402 - imported after the patch
import structlog  # noqa: E402 - imported after the patch
from gevent.pool import Pool  # noqa: E402 - as above

from pikoci.internal.domain.events import StepFinished, StepStarted  # noqa: E402 - as above
from pikoci.internal.domain.gateway import WorkerTerms  # noqa: E402 - as above
from pikoci.internal.domain.plan import Command, InParallelStep, Step, TaskStep  # noqa: E402 - as above
from pikoci.internal.worker.process import Invocation, Spawner  # noqa: E402 - as above
from tests.unit.internal.worker.bench_room import task, wait_until, worker_room  # noqa: E402 - as above
from tests.unit.internal.worker.fake_gateway import FakeGateway, Record  # noqa: E402 - as above

PARALLEL = (1, 4, 16)
LOG_BYTES = 100 * 1000 * 1000
LINE = "a line of a log as a build prints it, of middling length"
TRUE = TaskStep(id="1", name="t", run=Command(runner="exec", params={"path": "/bin/true"}))
DEADLINE = 300.0


def spawns_per_second(parallel: int, count: int) -> float:
    """Bare runs of /bin/true by the worker's own Spawner: the limit."""
    spawner = Spawner("bench")
    spawner.start()
    command = Invocation(argv=["/bin/true"], cwd="/", env={})
    pool = Pool(parallel)
    began = time.perf_counter()
    for _ in range(count):
        pool.spawn(spawner.run, command, lambda _: None)
    pool.join()
    elapsed = time.perf_counter() - began
    spawner.close()
    return count / elapsed


def builds_per_second(parallel: int, count: int) -> float:
    """Whole builds, from message to report."""
    with (
        tempfile.TemporaryDirectory() as root,
        worker_room(Path(root), FakeGateway(WorkerTerms()), concurrency=parallel, flush_interval=0.2) as room,
    ):
        room.run_job(TRUE)
        began = time.perf_counter()
        records = [room.submit(TRUE) for _ in range(count)]
        wait_until(lambda: records[-1].ended and all(record.ended for record in records), DEADLINE)
        return count / (time.perf_counter() - began)


def block_times(rounds: int) -> tuple[float, float]:
    """Milliseconds that a block of 16 steps takes, and that sum's ratio to the longest of its steps; medians."""
    steps: list[Step] = [msgspec.structs.replace(TRUE, id=f"1/{number}") for number in range(1, 17)]
    block = InParallelStep(id="1", name="", steps=steps)
    with tempfile.TemporaryDirectory() as root, worker_room(Path(root), FakeGateway(WorkerTerms())) as room:
        room.run_job(block)  # the supervisors are there from here on
        found = [_spans(room.run_job(block)) for _ in range(rounds)]
    return (
        median(1000 * spans["1"] for spans in found),
        median(spans.pop("1") / max(spans.values()) for spans in found),
    )


def _spans(record: Record) -> dict[str, float]:
    """How long each step took, in seconds."""
    began = {event.step: event.at for event in record.events if isinstance(event, StepStarted)}
    ended = [event for event in record.events if isinstance(event, StepFinished)]
    return {event.step: event.at - began[event.step] for event in ended}


def log_megabytes_per_second(masks: list[str]) -> float:
    """From the first byte to the last event."""
    gateway = FakeGateway(WorkerTerms())
    gateway.report_keeps_log = False
    with tempfile.TemporaryDirectory() as root, worker_room(Path(root), gateway) as room:
        began = time.perf_counter()
        room.run_job(task(f"yes '{LINE}' | head -c {LOG_BYTES}"), seconds=DEADLINE, masks=masks)
        assert gateway.log_bytes == LOG_BYTES
        return LOG_BYTES / 1e6 / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=500)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures: dict[str, float] = {}
    for parallel in PARALLEL:
        figures[f"spawns_per_second_{parallel}"] = round(spawns_per_second(parallel, arguments.count), 1)
        figures[f"builds_per_second_{parallel}"] = round(builds_per_second(parallel, arguments.count), 1)
    block, ratio = block_times(max(5, arguments.count // 20))
    figures["in_parallel_16_ms"], figures["in_parallel_16_to_longest"] = round(block, 1), round(ratio, 2)
    figures["log_mb_per_second"] = round(log_megabytes_per_second([]), 1)
    figures["log_mb_per_second_masked"] = round(log_megabytes_per_second(["s3cret-token", "another secret"]), 1)
    figures["peak_memory_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):30} {value:10.1f}")


if __name__ == "__main__":
    main()
