"""Workers in processes of their own are stopped and drained, by signals and from afar."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.farm import Farm, start_waiting


def test_sigquit_lets_the_build_finish_and_takes_nothing_new(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one")
    start_waiting(farm, gate)
    worker.signal(signal.SIGQUIT)
    farm.server.wait_for(lambda: farm.server.get("/workers")["items"][0]["state"] == "draining", "the drain to show")
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    gate.touch()
    farm.server.wait_for_build("waiting", "wait", "1", "succeeded")
    assert worker.wait() == 0
    assert farm.server.build("waiting", "wait", "2")["status"] == "pending"
    farm.worker("two")
    # Kafka gives a gone consumer's partitions to others when its session has run out, after 30 s.
    assert farm.server.wait_for_build("waiting", "wait", "2", "succeeded", "errored", timeout=90)["worker"] == "two"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_sigint_cancel(farm: Farm, tmp_path: Path, number: signal.Signals) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    worker.signal(number)
    assert worker.wait() == 0
    build = farm.server.wait_for_build("waiting", "wait", "1", "cancelled", "errored", "failed")
    assert build["status"] == "cancelled"
    assert "one" in build["reason"]
    assert number.name in build["reason"]


def test_a_second_signal_ends_a_drain(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    worker.signal(signal.SIGQUIT)
    worker.wait_for(lambda: "draining" in worker.text(), "the drain")
    worker.signal(signal.SIGQUIT)
    assert worker.wait() == 0
    assert farm.server.build("waiting", "wait", "1")["status"] == "cancelled"


def test_a_drain_that_runs_out_gives_the_build_to_another(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one", "--drain-timeout=1s")
    start_waiting(farm, gate)
    worker.signal(signal.SIGQUIT)
    assert worker.wait() == 0
    farm.worker("two")
    gate.touch()
    ends = ("succeeded", "cancelled", "errored", "failed")
    build = farm.server.wait_for_build("waiting", "wait", "1", *ends, timeout=90)
    assert (build["status"], build["worker"]) == ("succeeded", "two")


def test_people_drain_and_cancel_from_afar(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds/1/cancel")
    farm.server.wait_for_build("waiting", "wait", "1", "cancelled")
    farm.server.post("/workers/one/drain")
    assert worker.wait() == 0
