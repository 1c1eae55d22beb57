"""Turns of teams and pipelines, without a database."""

from random import Random

import pytest

from pikoci.internal.domain.build import WaitingLine
from pikoci.internal.service.plumbing.turns import Turns


class Farm:
    """Lines of builds, given to one slot after the other."""

    def __init__(self, **weights: int) -> None:
        self.turns = Turns(weights)
        self.waiting: dict[tuple[str, int], list[int]] = {}
        self.made = 0

    def add(self, team: str, pipeline: int, count: int = 1) -> list[int]:
        line = self.waiting.setdefault((team, pipeline), [])
        made = list(range(self.made + 1, self.made + count + 1))
        self.made += count
        line += made
        return made

    def lines(self) -> list[WaitingLine]:
        return [
            WaitingLine(head=line[0], queue="jobs", pipeline_id=pipeline, team=team, builds=len(line))
            for (team, pipeline), line in self.waiting.items()
            if line
        ]

    def claim(self) -> int:
        line = next(self.turns.take(self.lines()))
        return self.waiting[line.team, line.pipeline_id].pop(0)

    def claim_all(self) -> list[int]:
        return [self.claim() for _ in range(sum(map(len, self.waiting.values())))]

    def place(self, build: int) -> int:
        lines = self.lines()
        for line in lines:
            if build in (ids := self.waiting[line.team, line.pipeline_id]):
                return self.turns.ahead(lines, line, ids.index(build)) + 1
        raise AssertionError(build)


def test_a_newcomer_goes_before_everybodys_second_turn() -> None:
    farm = Farm()
    for pipeline, team in enumerate("abcd"):
        farm.add(team, pipeline, 100)
    for _ in range(41):
        farm.claim()
    (newcomer,) = farm.add("z", 9)
    assert newcomer in [farm.claim() for _ in range(5)]


def test_nobody_saves_turns_up() -> None:
    farm = Farm()
    farm.add("a", 1, 100)
    for _ in range(50):
        farm.claim()
    theirs = set(farm.add("b", 2, 100))
    assert len(theirs.intersection(farm.claim() for _ in range(20))) == 10


def test_a_line_that_cannot_be_had_has_had_its_turn() -> None:
    farm = Farm()
    farm.add("a", 1, 3)
    farm.add("b", 2, 3)
    assert [next(farm.turns.take(farm.lines())).team for _ in range(4)] == ["a", "b", "a", "b"]


def test_the_place_of_a_newcomer_and_of_a_crowd_is_told_exactly() -> None:
    farm = Farm()
    crowd = farm.add("a", 1, 50)
    for _ in range(5):
        farm.claim()
    (newcomer,) = farm.add("b", 2)
    assert farm.place(newcomer) == 1
    assert [farm.place(build) for build in crowd[5:8]] == [2, 3, 4]


def test_a_new_server_starts_with_everybody_equal() -> None:
    farm = Farm()
    farm.add("a", 1, 10)
    farm.claim()
    farm.turns = Turns({})
    farm.add("b", 2, 10)
    assert [farm.claim() for _ in range(4)] == [2, 11, 3, 12]


def test_a_weight_is_a_share_of_the_turns_at_any_time() -> None:
    farm = Farm(a=5, b=2)
    lines = {team: set(farm.add(team, place, 100)) for place, team in enumerate("abc")}
    for _ in range(5):
        got = {farm.claim() for _ in range(8)}
        assert [len(lines[team] & got) for team in "abc"] == [5, 2, 1]


@pytest.mark.parametrize("seed", range(20))
def test_the_place_in_the_line_is_the_one_in_which_it_comes(seed: int) -> None:
    random = Random(seed)
    farm = Farm(b=3)
    for _ in range(12):
        farm.add(random.choice("abc"), random.randrange(3) + 10 * random.randrange(2), random.randrange(1, 9))
        farm.claim()
    ids = [build for line in farm.waiting.values() for build in line]
    told = {build: farm.place(build) for build in ids}
    came = {build: place for place, build in enumerate(farm.claim_all(), start=1)}
    assert told == came
