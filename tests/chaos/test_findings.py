"""The suite itself: the same seed makes the same trouble, and what is wrong is found."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from tests.chaos import faults
from tests.chaos.jobs import expected_lines
from tests.chaos.logs import missing_or_doubled
from tests.chaos.marks import outside, overlaps, read_marks
from tests.chaos.schedule import Fault, Kind, Wear, plan

TARGETS = {"server1": Wear({Kind.KILL: 3.0, Kind.PAUSE: 5.0}, 2), "link": Wear({Kind.CUT: 4.0}, 1)}
LINES = [f"7-2 {step} line {line}" for step, lines in expected_lines("long", 7).items() for line in range(1, lines + 1)]
EARLIER = ["7-1 slow line 1", "7-1 slow line 2", "the worker was lost; the build runs again"]


def _ends(fault: Fault) -> float:
    return fault.at + fault.seconds


def test_the_same_seed_makes_the_same_trouble_and_another_one_another() -> None:
    assert plan(1, 60, TARGETS) == plan(1, 60, TARGETS) != plan(2, 60, TARGETS)


def test_no_target_has_two_faults_at_a_time_and_all_are_over_in_time() -> None:
    planned = plan(3, 200, TARGETS)
    assert len(planned) > 20
    assert all(_ends(fault) <= 200 for fault in planned)
    for target in TARGETS:
        own = [fault for fault in planned if fault.target == target]
        assert all(_ends(earlier) < later.at for earlier, later in pairwise(own))


def test_a_fault_is_left_out_while_its_target_gets_over_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "REST", 0.1)
    did: list[str] = []

    def start() -> None:
        did.append("starts")
        gevent.sleep(0.2)
        did.append("runs")

    broker = SimpleNamespace(kill=lambda: did.append("killed"), start=start)
    world: Any = SimpleNamespace(daemons={}, links=SimpleNamespace(names={}), broker=broker)
    trouble = faults.Trouble(world, lambda _: None)
    trouble.make([Fault(at, Kind.KILL, "broker", 0.01) for at in (0.0, 0.1, 1.0)])
    assert did == ["killed", "starts", "runs"] * 2
    assert (trouble.left_out, trouble.counts[Kind.KILL, "broker"]) == (1, 2)


@pytest.mark.parametrize(
    ("outages", "seconds"),
    [
        ([], 10.0),
        ([(1.0, 3.0)], 8.0),
        ([(2.0, 5.0), (1.0, 3.0)], 6.0),
        ([(1.0, 9.0), (2.0, 3.0)], 2.0),
        ([(-5.0, 2.0), (8.0, 20.0)], 6.0),
        ([(-5.0, 20.0)], 0.0),
        ([(-5.0, -1.0), (11.0, 20.0)], 10.0),
    ],
)
def test_time_without_an_outage_is_what_counts(outages: list[tuple[float, float]], seconds: float) -> None:
    assert outside((0.0, 10.0), outages) == seconds


def test_an_outage_lasts_until_its_service_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "REST", 0.1)
    broker = SimpleNamespace(kill=lambda: None, start=lambda: gevent.sleep(0.2))
    nothing = dict.fromkeys(("kill", "crash", "pause", "start", "resume"), lambda: None)
    world: Any = SimpleNamespace(
        daemons={"worker1": SimpleNamespace(**nothing)}, links=SimpleNamespace(names={}), broker=broker
    )
    trouble = faults.Trouble(world, lambda _: None)
    trouble.make([Fault(0.0, Kind.KILL, "broker", 0.1), Fault(0.0, Kind.KILL, "worker1", 0.1)])
    [(began, ended)] = trouble.outages
    assert ended - began >= 0.3


def test_a_whole_log_with_a_lost_attempt_is_right() -> None:
    assert not list(missing_or_doubled("long", 7, 2, "\n".join([*EARLIER, *LINES])))


@pytest.mark.parametrize(
    "lines",
    [
        LINES[:-1],
        LINES[1:],
        [*LINES, LINES[0]],
        [*LINES, "7-3 slow line 1"],
        [*LINES, "8-2 slow line 1"],
        [EARLIER[1], *LINES],
        [EARLIER[0], *EARLIER, *LINES],
    ],
    ids=["no end", "no beginning", "doubled", "a later attempt", "another build", "a hole before", "doubled before"],
)
def test_a_wrong_log_is_found(lines: list[str]) -> None:
    assert list(missing_or_doubled("long", 7, 2, "\n".join(lines)))


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        (["1.0 start 4-1 a 9", "2.0 start 4-2 a 9", "3.0 end 4-2 a 9"], 0),
        (["1.0 start 4-1 a 9", "2.0 start 4-2 a 9", "3.0 end 4-1 a 9"], 1),
        (["1.0 start 4-1 a 9", "2.0 overlap 4-2 a 9"], 1),
        (["1.0 start 4-1 a 9", "2.0 together 5-1 a 9"], 1),
        (["1.0 start 4-1 a 9", "2.0 start 5-1 a 9", "3.0 end 4-1 a 9"], 0),
    ],
)
def test_two_attempts_at_a_time_are_found(marks: list[str], found: int, tmp_path: Path) -> None:
    (tmp_path / "marks").write_text("\n".join(marks) + "\n")
    assert len(list(overlaps(read_marks(tmp_path)))) == found
