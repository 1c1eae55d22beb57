"""The whole server, embedded on SQLite in a file, over HTTP, beside the raw limits of this machine in the same run.

`python -m tests.bench.bench_server [--json] [--count N]` measures
- the time from a trigger's request until the first step's process runs, the system otherwise idle;
- builds of one `/bin/true` step a second, each a recorded build with its step and log, from a queue that is full,
  beside bare spawns (`bench_spawn.py` measures those);
- 100 MB of log from one step until all is stored, with the server's peak memory, beside plain inserts into SQLite;
- the memory of the idle server with its worker, all processes together.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.services.pikoci import PikociServer, running_server

PARALLEL = (1, 4, 16)
LATENCY_BUILDS = 60
LOG_BYTES = 100 * 1000 * 1000
CHUNK = 256 * 1024

PIPELINE = f"""
job "true" {{
  task "t" {{
    run "exec" {{ path = "/bin/true" }}
  }}
}}

job "date" {{
  task "t" {{
    run "exec" {{
      path = "/bin/date"
      args = ["+%s.%N"]
    }}
  }}
}}

job "log" {{
  task "t" {{
    run "shell" {{ cmd = "yes 'a line of a log as they often are, forty-odd' | head -c {LOG_BYTES}" }}
  }}
}}
"""


@dataclass(frozen=True)
class Row:
    """One figure."""

    measure: str
    value: float
    unit: str


@contextmanager
def server(concurrency: int) -> Iterator[PikociServer]:
    """A server with the pipeline above, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="pikoci-bench-") as name:
        folder = Path(name)
        (folder / "bench.hcl").write_text(PIPELINE)
        flags = ["--db-system=sqlite", f"--db-name={folder / 'pikoci.db'}", f"--concurrency={concurrency}"]
        flags += ["--pipeline-name=bench", f"--pipeline-config={folder / 'bench.hcl'}", "--log-level=warn"]
        with running_server(folder, flags) as started:
            yield started


def latency(count: int) -> list[Row]:
    """From the trigger's request to the first step's process."""
    with server(1) as started:
        times = []
        for number in range(1, count + 1):
            began = time.time()
            started.post("/teams/main/pipelines/bench/jobs/date/builds", {})
            started.wait_for_build("bench", "date", str(number), "succeeded")
            times.append((float(started.build_log("bench", "date", str(number))) - began) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95) - 1]
    return [
        Row("trigger to first process, median", statistics.median(times), "ms"),
        Row("trigger to first process, p95", p95, "ms"),
    ]


def builds_per_second(count: int, concurrency: int) -> Row:
    """Builds that wait behind a paused job, from the moment it is unpaused to the last one's end."""
    with server(concurrency) as started:
        job = "/teams/main/pipelines/bench/jobs/true"
        started.post(f"{job}/pause")
        for _ in range(count):
            started.post(f"{job}/builds", {})
        began = time.time()
        started.post(f"{job}/unpause")
        last = started.wait_for_build("bench", "true", str(count), "succeeded")
        while started.get(f"{job}/builds?limit=1&status=started")["items"]:
            time.sleep(0.01)
        ended = max(_time(build["finished_at"]) for build in _all_builds(started, job))
        assert last
    return Row(f"builds of /bin/true, concurrency {concurrency}", count / (ended - began), "1/s")


def _all_builds(started: PikociServer, job: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = started.get(f"{job}/builds?limit=100{cursor}")
        for build in page["items"]:
            assert build["status"] == "succeeded", build
            yield build
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def log_throughput() -> list[Row]:
    """One step that writes 100 MB; the build has ended when all of it is stored."""
    with server(1) as started:
        before = _memory(started, "VmHWM")
        started.post("/teams/main/pipelines/bench/jobs/log/builds", {})
        build = started.wait_for_build("bench", "log", "1", "succeeded", "failed", "errored")
        assert build["log_size"] == LOG_BYTES, build
        seconds = _time(build["finished_at"]) - _time(build["started_at"])
        peak = _memory(started, "VmHWM")
    return [
        Row("100 MB of log until stored", LOG_BYTES / 1e6 / seconds, "MB/s"),
        Row("peak memory of the server and its worker", peak, "MiB"),
        Row("… above its peak before", peak - before, "MiB"),
        Row("raw: the same bytes inserted into SQLite", _raw_inserts(), "MB/s"),
    ]


def _raw_inserts() -> float:
    with tempfile.TemporaryDirectory(prefix="pikoci-bench-") as name:
        database = sqlite3.connect(Path(name) / "raw.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA synchronous = normal")
        database.execute("CREATE TABLE chunks (id INTEGER PRIMARY KEY, data BLOB)")
        data = b"x" * CHUNK
        began = time.monotonic()
        for _ in range(LOG_BYTES // CHUNK):
            database.execute("INSERT INTO chunks (data) VALUES (?)", (data,))
        seconds = time.monotonic() - began
        database.close()
    return LOG_BYTES / 1e6 / seconds


def idle_memory() -> list[Row]:
    """Proportional memory of every process of the server, some seconds after its start."""
    with server(1) as started:
        time.sleep(3)
        return [
            Row("idle server with its worker, all processes (PSS)", _memory(started, "Pss"), "MiB"),
            Row("… resident memory of the largest", _memory(started, "VmHWM"), "MiB"),
        ]


def _memory(started: PikociServer, what: str) -> float:
    """MiB over the server's processes: the sum of Pss, or the largest VmHWM."""
    assert started.process is not None
    pids = [started.process.pid, *_descendants(started.process.pid)]
    name = "smaps_rollup" if what == "Pss" else "status"
    figures = []
    for pid in pids:
        lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
        figures += [int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:")]
    return sum(figures) if what == "Pss" else max(figures)


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [found for child in children for found in (child, *_descendants(child))]


def raw_spawns() -> list[Row]:
    """What `bench_spawn.py` says of bare spawns."""
    command = [sys.executable, str(Path(__file__).with_name("bench_spawn.py")), "--json", "--count", "400"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows = rows if isinstance(rows, list) else rows["rows"]
    return [
        Row(f"raw: bare spawns, {row['parallel']} at once", row["per_second"], "1/s")
        for row in rows
        if row["way"] == "bare"
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=600, help="builds for each concurrency")
    arguments = parser.parse_args()
    rows = latency(LATENCY_BUILDS)
    rows += [builds_per_second(arguments.count, concurrency) for concurrency in PARALLEL]
    rows += raw_spawns() + log_throughput() + idle_memory()
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        print(f"{row.measure:55} {row.value:10.1f} {row.unit}")


if __name__ == "__main__":
    main()
