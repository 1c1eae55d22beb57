"""What a container step costs beside `podman run` of the same image, with the same mount, in the same run.

`python -m tests.bench.bench_containers [--json] [--count N]`. A step is part of a build with many of them, on a worker
without a server; its time is that from its start to its end. The two ways take turns.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from pikoci.cooperative import make_cooperative

make_cooperative()

import subprocess  # noqa: E402 - imported after the patch

import structlog  # noqa: E402 - as above

from pikoci.internal.domain.events import StepFinished, StepStarted  # noqa: E402 - as above
from pikoci.internal.domain.plan import Command, TaskStep  # noqa: E402 - as above
from tests.services.containers import IMAGE, Containers  # noqa: E402 - as above
from tests.unit.internal.worker.bench_room import Room, worker_room  # noqa: E402 - as above

STEP = Command(runner="docker", params={"image": IMAGE, "cmd": "true", "network": "none"})
PER_TURN = 5


def bare(containers: Containers, folder: Path) -> list[float]:
    """Seconds of each of some runs by the program alone."""
    mount = f"--volume={folder}:/workdir"
    argv = [
        containers.program,
        "run",
        "--rm",
        "--network=none",
        mount,
        "--workdir=/workdir",
        IMAGE,
        "sh",
        "-ec",
        "true",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), **containers.environment}
    times = []
    for _ in range(PER_TURN):
        began = time.perf_counter()
        subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return times


def steps(room: Room) -> list[float]:
    """Seconds of each step of a build."""
    record = room.run_job(*(TaskStep(id=str(n), name=str(n), run=STEP) for n in range(PER_TURN)), seconds=120)
    assert record.end.status == "succeeded", record.log()
    began = {event.step: event.at for event in record.events if isinstance(event, StepStarted)}
    return [event.at - began[event.step] for event in record.events if isinstance(event, StepFinished)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a sentence")
    parser.add_argument("--count", type=int, default=40, help="containers each way (default: %(default)s)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    containers = Containers()
    try:
        with tempfile.TemporaryDirectory(dir="/run" if os.geteuid() == 0 else None) as folder:
            root = Path(folder)
            with worker_room(root, container_environment=containers.environment) as room:
                bare(containers, root)
                steps(room)
                alone, step = [], []
                for _ in range(max(1, options.count // PER_TURN)):
                    alone += bare(containers, root)
                    step += steps(room)
    finally:
        containers.close()
    figures = {"podman_ms": statistics.median(alone) * 1e3, "step_ms": statistics.median(step) * 1e3}
    figures["times"] = figures["step_ms"] / figures["podman_ms"]
    if options.json:
        sys.stdout.write(json.dumps(figures, indent=2))
    else:
        alone_ms, step_ms, times = figures.values()
        sys.stdout.write(f"podman run {alone_ms:.0f} ms, a step {step_ms:.0f} ms: {times:.2f} times\n")


if __name__ == "__main__":
    main()
