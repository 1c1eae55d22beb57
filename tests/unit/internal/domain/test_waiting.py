"""The sentence that a build shows while no worker has taken it."""

import pytest

from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.domain.waiting import for_a_slot, no_worker, none_takes_work, ordinal


def worker(
    name: str, slots: int = 1, *, state: str = "running", cordoned: bool = False, draining: bool = False
) -> WorkerState:
    return WorkerState(
        name=name, instance="i", version="1", state=state, concurrency=slots, cordoned=cordoned, draining=draining
    )


def test_all_slots_are_busy() -> None:
    busy = [("main/app/lint", 1), ("main/app/test", 4)]
    assert for_a_slot([worker("w1", 2), worker("w2", 3)], busy, 3) == (
        "waits for a worker: 2 could take it (w1, w2), their 5 slots are busy with 4 builds of main/app/test"
        " and 1 of main/app/lint; 3rd in line"
    )


@pytest.mark.parametrize(
    ("slots", "busy", "said"),
    [
        (1, [("main/app/test", 1)], "its slot is busy with 1 build of main/app/test"),
        (1, [], "its slot is free"),
        (4, [], "its 4 slots are free"),
        (4, [("main/app/test", 1)], "3 of its 4 slots are free"),
        (2, [("", 2)], "its 2 slots are busy with 2 builds of other teams"),
        (3, [("", 2), ("a/b/c", 1)], "its 3 slots are busy with 1 build of a/b/c and 2 of other teams"),
        (
            9,
            [("p/a", 1), ("p/b", 2), ("p/c", 2), ("p/d", 1), ("p/e", 3)],
            "its 9 slots are busy with 3 builds of p/e, 2 of p/b, 2 of p/c and 2 of other jobs",
        ),
    ],
)
def test_slots_are_counted_and_named(slots: int, busy: list[tuple[str, int]], said: str) -> None:
    assert for_a_slot([worker("w", slots)], busy, 1) == f"waits for a worker: w could take it, {said}; 1st in line"


def test_many_workers_are_counted_and_a_long_line_is_not() -> None:
    able = [worker(f"w{number}") for number in range(1, 6)]
    assert for_a_slot(able, [("p/a", 5)], None) == (
        "waits for a worker: 5 could take it (w1, w2, w3 and 2 more), their 5 slots are busy with 5 builds of p/a;"
        " a long line is before it"
    )


def test_nobody_could_take_it() -> None:
    assert no_worker("jobs", [], alone=True) == "no worker is connected: start one with `pikoci worker`"
    assert no_worker("jobs", ["vpn", "gpu"], alone=True) == (
        "no worker has the tags gpu, vpn: start one with `pikoci worker --tags gpu,vpn`"
    )
    assert no_worker("checks", [], alone=False) == (
        "no connected worker takes checks without tags: start one with `pikoci worker`"
    )


def test_nobody_takes_it_now() -> None:
    unable = [worker("w1", state="stalled"), worker("w2", draining=True), worker("w3", cordoned=True)]
    assert none_takes_work(unable) == (
        "no worker takes work now: w1 sends no heartbeat, w2 is draining, w3 is cordoned;"
        " `pikoci client workers uncordon w3` lets it"
    )
    assert none_takes_work(unable[:1]) == (
        "no worker takes work now: w1 sends no heartbeat; start one with `pikoci worker`"
    )


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112, 121)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "121st"]
    )
