"""Celery with a gevent pool on RabbitMQ, tuned, running the same command as our builds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".cache" / "bench-venv"
PINS = ROOT / "requirements" / "bench.txt"
PYTHON = HOME / "bin" / "python"
#: Without these Celery 5.7's gevent consumer handles ten tasks a second.
TUNED = ["--without-heartbeat", "--without-gossip", "--without-mingle"]
PATIENCE_SECONDS = 120.0


def install() -> None:
    """Make the environment from the pinned requirements, once for each version of them."""
    done = HOME / "pins.txt"
    if done.exists() and done.read_bytes() == PINS.read_bytes():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(PINS)]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    done.write_bytes(PINS.read_bytes())


def tasks_per_second(address: str, slots: int, count: int) -> float:
    """From the first task's start to the last one's end, of a queue that was filled before the worker started."""
    install()
    with tempfile.TemporaryDirectory(prefix="pikoci-bench-") as name:
        marks = Path(name) / "marks"
        environment = {**os.environ, "CELERY_BROKER_URL": address, "BENCH_MARKS": str(marks)}
        tasks = Path(__file__).with_name("celery_tasks.py")
        subprocess.run([str(PYTHON), str(tasks), str(count)], check=True, env=environment)
        marks.write_bytes(b"")
        command = [str(PYTHON), "-m", "celery", "-A", "celery_tasks", "worker", "-P", "gevent", "-c", str(slots)]
        with (Path(name) / "celery.log").open("wb") as log:
            worker = subprocess.Popen(
                [*command, *TUNED, "-l", "warning"],
                cwd=tasks.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                times = _wait(marks, 2 * count, worker)
            except AssertionError as error:
                error.add_note((Path(name) / "celery.log").read_text(errors="replace")[-2000:])
                raise
            finally:
                worker.terminate()
                worker.wait()
    return count / (times[-1] - times[0])


def _wait(marks: Path, count: int, worker: subprocess.Popen[bytes]) -> list[float]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(lines := marks.read_bytes().split()) < count:
        assert worker.poll() is None, "Celery's worker ended"
        assert time.monotonic() < deadline, f"Celery wrote {len(lines)} of {count} marks"
        time.sleep(0.05)
    return sorted(map(float, lines))
