"""What secrets add to a step, with a server in memory.

`python -m tests.bench.bench_secrets [--json] [--count N]` measures builds of one step, each from its message
to its report, in ms: without secrets, with one, and with a chain of ten, each in a file whose path the one before
holds. A chain of ten may add 50 ms.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path
from statistics import median

from pikoci.cooperative import make_cooperative

make_cooperative()

import structlog  # noqa: E402 - imported after the patch

from pikoci.internal.domain.gateway import WorkerTerms  # noqa: E402 - as above
from pikoci.internal.domain.plan import Command, Secrets, SecretType, SecretVariable, TaskStep  # noqa: E402 - as above
from pikoci.internal.domain.secret_text import SecretReference, compose  # noqa: E402 - as above
from tests.unit.internal.worker.bench_room import Room, worker_room  # noqa: E402 - as above
from tests.unit.internal.worker.fake_gateway import FakeGateway  # noqa: E402 - as above

CHAIN = 10
LIMIT_MS = 50.0


def chain(folder: Path, length: int) -> Secrets:
    """`v1` is in a file, and each other in the file that the one before it names."""
    variables = []
    for number in range(1, length + 1):
        (folder / f"{number}.json").write_text(json.dumps({"value": f"{folder}/{number + 1}.json"}))
        path = compose([SecretReference(f"v{number - 1}")]) if number > 1 else f"{folder}/1.json"
        variables.append(SecretVariable(name=f"v{number}", secret_type="file", path=path, key="value"))
    return Secrets(variables=variables, types=[SecretType(name="file", builtin="file")])


def milliseconds(room: Room, secrets: Secrets, count: int) -> float:
    """The time of one build with the last of the secrets in its environment; the median."""
    env = {"SECRET": compose([SecretReference(secrets.variables[-1].name)])} if secrets.variables else {}
    step = TaskStep(id="1", name="t", env=env, run=Command(runner="exec", params={"path": "/bin/true"}))
    times = []
    for _ in range(count):
        began = time.perf_counter()
        record = room.run_job(step, secrets=secrets)
        times.append((time.perf_counter() - began) * 1000)
        assert record.end.reason == ""
    return round(median(times), 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=30)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory() as folder,
        worker_room(Path(folder), FakeGateway(WorkerTerms()), flush_interval=0.2) as room,
    ):
        milliseconds(room, Secrets(), 3)
        figures = {
            f"secrets_{length}_ms": milliseconds(room, chain(Path(folder), length), arguments.count)
            for length in (0, 1, CHAIN)
        }
    figures["chain_adds_ms"] = round(figures[f"secrets_{CHAIN}_ms"] - figures["secrets_0_ms"], 1)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:20} {value:8}")
        print(f"{'limit':20} {LIMIT_MS:8}")


if __name__ == "__main__":
    main()
