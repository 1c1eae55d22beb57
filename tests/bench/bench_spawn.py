"""How many commands a second a worker can run, beside the bare standard library in the same run.

`python -m tests.bench.bench_spawn [--json] [--count N]`. Each command is `/bin/true` with a pipe for its output. The
bare way is `subprocess.Popen` (vfork) with a pidfd waited for on the hub: no supervision, nothing adopted. CPU is that
of the worker's own process for one command; p50 and p95 are from the call to its return. As root, a third way runs each
command as a build user is run: forked, in namespaces of its own.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import json  # noqa: E402 - as above
import os  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import subprocess  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Callable  # noqa: E402 - as above
from dataclasses import asdict, dataclass, replace  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
from gevent.socket import wait_read  # noqa: E402 - as above

from pikoci.internal.worker.process import Invocation, Spawner, User  # noqa: E402 - as above

TRUE = Invocation(["/bin/true"], "/", {"PATH": "/usr/bin:/bin"})
AS_USER = replace(TRUE, user=User(65534, 65534, "/"))
PARALLEL = (1, 4, 16)


@dataclass(frozen=True)
class Row:
    """One measurement."""

    way: str
    parallel: int
    per_second: float
    p50_ms: float
    p95_ms: float
    worker_cpu_us: float


def bare() -> None:
    """Run one command with nothing but the standard library."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(reader, False)
    process = subprocess.Popen(
        TRUE.argv,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        env=TRUE.env,
        cwd=TRUE.cwd,
        start_new_session=True,
    )
    os.close(writer)
    handle = os.pidfd_open(process.pid)
    wait_read(handle)
    os.close(handle)
    assert process.wait() == 0
    assert os.read(reader, 65536) == b""
    os.close(reader)


def measure(way: str, run: Callable[[], None], parallel: int, count: int) -> Row:
    """Run `count` commands, some at a time."""
    times: list[float] = []

    def several() -> None:
        for _ in range(count // parallel):
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)

    gevent.joinall([gevent.spawn(run) for _ in range(parallel)], raise_error=True)  # warm
    cpu, began = time.process_time(), time.perf_counter()
    gevent.joinall([gevent.spawn(several) for _ in range(parallel)], raise_error=True)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    cuts = statistics.quantiles(times, n=20)
    return Row(way, parallel, len(times) / seconds, cuts[9] * 1e3, cuts[18] * 1e3, cpu / len(times) * 1e6)


def resident_kib(pid: int) -> int:
    """Give a process's memory, with its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def table(rows: list[Row]) -> str:
    """Lay the measurements out for reading."""
    lines = [f"{'way':10}{'parallel':>10}{'per second':>12}{'p50 ms':>9}{'p95 ms':>9}{'worker CPU µs':>15}"]
    lines += [
        f"{row.way:10}{row.parallel:>10}{row.per_second:>12.0f}{row.p50_ms:>9.2f}{row.p95_ms:>9.2f}"
        f"{row.worker_cpu_us:>15.0f}"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--count", type=int, default=1600, help="commands in each measurement (default: %(default)s)")
    options = parser.parse_args()
    spawner = Spawner(f"bench-{os.getpid()}")
    spawner.start()

    def supervised() -> None:
        assert spawner.run(TRUE, lambda chunk: None).succeeded

    def as_user() -> None:
        assert spawner.run(AS_USER, lambda chunk: None).succeeded

    ways = [("bare", bare), ("spawner", supervised)]
    if os.geteuid() == 0:
        ways.append(("user", as_user))
    rows = [measure(way, run, parallel, options.count) for parallel in PARALLEL for way, run in ways]
    assert spawner._zygote is not None
    zygote_kib = resident_kib(spawner._zygote.pid)
    spawner.close()
    if options.json:
        sys.stdout.write(json.dumps({"rows": [asdict(row) for row in rows], "zygote_pss_kib": zygote_kib}, indent=2))
    else:
        sys.stdout.write(table(rows))
        sys.stdout.write(f"zygote: {zygote_kib / 1024:.1f} MiB (proportional set)\n")


if __name__ == "__main__":
    main()
