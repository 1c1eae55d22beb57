"""A worker that is stopped for longer than its lease: what it ran is dead before another worker runs it again."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import chaos
from tests.acceptance.farm import Farm
from tests.chaos.marks import overlaps, read_marks

STEP = Path(chaos.__file__).with_name("step.sh")
#: Two steps, so that a worker that wakes up would go on with the second one.
CONFIG = """
variable "folder" {}
job "long" {
  task "slow" {
    run "shell" { cmd = "exec sh STEP ${var.folder} slow 80 0.1" }
  }
  task "quick" {
    run "shell" { cmd = "exec sh STEP ${var.folder} quick 3 0" }
  }
}
""".replace("STEP", str(STEP))


@pytest.fixture
def farm(tmp_path: Path, nats_address: str) -> Iterator[Farm]:
    made = Farm(tmp_path, "nats", nats_address)
    (tmp_path / "locks").mkdir()
    try:
        made.server.start()
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []


def test_attempts_do_not_overlap_when_a_worker_is_stopped_for_longer_than_its_lease(farm: Farm, tmp_path: Path) -> None:
    first = farm.worker("first")
    farm.set_pipeline("app", CONFIG, {"folder": str(tmp_path)})
    farm.server.post("/teams/main/pipelines/app/jobs/long/builds", {})
    farm.server.wait_for(lambda: read_marks(tmp_path), "the first attempt to run")
    first.signal(signal.SIGSTOP)
    second = farm.worker("second")
    farm.server.wait_for(lambda: read_marks(tmp_path)[-1].claim == 2, "the second attempt to run")
    first.signal(signal.SIGCONT)
    first.wait_for(lambda: "claim lost" in first.text() or "build ended" in first.text(), "the first worker to notice")
    build = farm.server.wait_for_build("app", "long", "1", "succeeded", "failed", "errored", timeout=60)
    marks = read_marks(tmp_path)
    assert list(overlaps(marks)) == []
    assert [(mark.what, mark.claim, mark.step) for mark in marks] == [
        ("start", 1, "slow"),
        ("start", 2, "slow"),
        ("end", 2, "slow"),
        ("start", 2, "quick"),
        ("end", 2, "quick"),
    ]
    assert (build["status"], build["attempt"], build["worker"]) == ("succeeded", 2, "second")
    second.wait_for(lambda: "build ended" in second.text(), "the second worker to say that its build ended")
