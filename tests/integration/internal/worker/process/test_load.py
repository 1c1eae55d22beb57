"""Many commands, much output, and a hub that goes on all the while."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.process.spawner import MAX_IDLE_SUPERVISORS
from pikoci.shared.hub_watch import HubWatch
from tests.integration.internal.worker.process.conftest import children

Run = Callable[..., Any]

MEGABYTE = 1 << 20


@pytest.fixture
def user() -> None:
    """One round is enough."""


@pytest.fixture
def stands() -> Generator[list[float]]:
    """The stretches for which the hub did not come back, as far as it could run."""
    found = [0.0]
    watch = HubWatch(found.append)
    watch.start()
    yield found
    watch.stop()


def resident_bytes(pid: int | str = "self") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def test_200_commands_run_side_by_side(shell: Run, stands: list[float], tmp_path: Path) -> None:
    script = "read x < /proc/loadavg; echo $$; while [ ! -e go ]; do sleep 0.1; done; exit 9"
    started: list[bytes] = []
    greenlets = [gevent.spawn(shell, script, on_output=started.append, timeout=60) for _ in range(200)]
    with gevent.Timeout(60):
        while len(started) < 200:
            gevent.sleep(0.01)
    assert len(set(started)) == 200
    (tmp_path / "go").touch()
    results = [greenlet.get(timeout=60)[0] for greenlet in greenlets]
    assert [result.exit_code for result in results] == [9] * 200
    assert max(stands) < 1.0


def test_idle_supervisors_are_few_after_a_burst(shell: Run, spawner: Spawner) -> None:
    gevent.joinall([gevent.spawn(shell, "true") for _ in range(40)], raise_error=True)
    assert spawner._zygote is not None
    zygote = spawner._zygote.pid
    with gevent.Timeout(30):
        while len(children(zygote)) > MAX_IDLE_SUPERVISORS:
            gevent.sleep(0.01)
    assert shell("true")[0].succeeded


def test_200_megabytes_of_output_take_little_memory(shell: Run, spawner: Spawner, stands: list[float]) -> None:
    shell("head -c 1M /dev/zero")
    before, size, peak = resident_bytes(), 0, 0

    def on_output(chunk: bytes) -> None:
        nonlocal size, peak
        size += len(chunk)
        if size % (10 * MEGABYTE) < len(chunk):
            peak = max(peak, resident_bytes())

    result, _ = shell("head -c 200M /dev/zero", on_output=on_output)
    assert result.succeeded
    assert size == 200 * MEGABYTE
    assert peak - before < 8 * MEGABYTE
    assert spawner._zygote is not None
    assert all(resident_bytes(pid) < 20 * MEGABYTE for pid in [spawner._zygote.pid, *children(spawner._zygote.pid)])
    assert max(stands) < 0.25


def test_a_slow_sink_holds_the_command_back(shell: Run, tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 64 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > written; done"
    written: list[int] = []

    def on_output(chunk: bytes) -> None:
        if not written:
            gevent.sleep(0.3)  # time in which an unbounded reader would take everything
            written.append(int((tmp_path / "written").read_text() or 0) if (tmp_path / "written").exists() else 0)

    assert shell(script, on_output=on_output)[0].succeeded
    assert written[0] <= 4


def test_the_hub_goes_on_while_a_command_floods(shell: Run, stands: list[float]) -> None:
    began = time.monotonic()
    result, _ = shell("yes", on_output=lambda chunk: None, timeout=0.5, grace=1)
    assert result.reason == "timeout"
    assert time.monotonic() - began < 8
    assert max(stands) < 0.25


def test_500_commands_one_after_another_leave_no_descriptor_open(shell: Run) -> None:
    for _ in range(500):
        assert shell("exit 0")[0].succeeded
    # The fixture compares the open descriptors.
