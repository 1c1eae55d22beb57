"""Whose turn it is: of the teams by their weights, and of the pipelines within a team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import lcm
from typing import Generic, NamedTuple, TypeVar

from pikoci.internal.domain.build import WaitingLine
from pikoci.internal.domain.limits import MAX_TEAM_WEIGHT

Key = TypeVar("Key")
#: The virtual time of a turn, which every weight divides: fractions of floats would drift apart.
_TURN = lcm(*range(1, MAX_TEAM_WEIGHT + 1))


class Turns:
    """Orders the lines of waiting builds by turns of their teams and, within a team, of its pipelines.

    This is start-time fair queueing (Goyal, Vin, Cheng 1996): a turn takes 1/weight of virtual time, and whoever may
    start earliest goes next. Who did not wait starts now, so that nobody saves turns up, and a newcomer goes before
    everybody's second turn. Of those that may start at once, newcomers go first, by the age of their builds, and then
    whoever had no turn for longest.

    The times are in memory, each server has its own. Each gives out its turns fairly among all who wait, and so all
    servers together do; after a restart everybody is a newcomer. A turn is spent when it begins, whatever comes of it,
    so that a line whose builds cannot be had never holds up the others.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._teams = _VirtualTime[str]()
        self._pipelines: dict[str, _VirtualTime[int]] = {}

    def take(self, lines: Iterable[WaitingLine]) -> Iterator[WaitingLine]:
        """The lines, whose turn it is first. Each that is asked for has had its turn."""
        for line in self.order(lines):
            self._teams.spend(line.team, _TURN // self.weight(line.team))
            self._of(line.team).spend(line.pipeline_id, _TURN)
            yield line

    def order(self, lines: Iterable[WaitingLine]) -> list[WaitingLine]:
        """The lines, whose turn it is first."""
        oldest: dict[str, int] = {}
        waiting = sorted(lines, key=lambda line: line.head)
        for line in waiting:
            oldest.setdefault(line.team, line.head)

        def rank(line: WaitingLine) -> tuple[object, ...]:
            return (
                *self._teams.rank(line.team),
                oldest[line.team],
                *self._of(line.team).rank(line.pipeline_id),
                line.head,
            )

        return sorted(waiting, key=rank)

    def ahead(self, lines: Iterable[WaitingLine], mine: WaitingLine, place: int) -> int:
        """How many builds of the lines go before the one at this place (from 0) of the line `mine`, as things stand."""
        teams: dict[str, list[WaitingLine]] = {}
        for line in self.order(lines):
            teams.setdefault(line.team, []).append(line)
        pipelines, weight = self._of(mine.team), self.weight
        own = [_Row(pipelines.rank(line.pipeline_id)[0], _TURN, line.builds, line is mine) for line in teams[mine.team]]
        before = place + _before(own, place)
        all_teams = [
            _Row(self._teams.rank(team)[0], _TURN // weight(team), sum(one.builds for one in theirs), team == mine.team)
            for team, theirs in teams.items()
        ]
        return before + _before(all_teams, before)

    def _of(self, team: str) -> _VirtualTime[int]:
        return self._pipelines.setdefault(team, _VirtualTime())

    def weight(self, team: str) -> int:
        """How many turns the team has to one of a team without weight."""
        return self._weights.get(team, 1)


class _Row(NamedTuple):
    """One of those that take turns: when it starts, how long its turns are, and how many it wants."""

    start: int
    length: int
    wanted: int
    mine: bool


def _before(rows: Sequence[_Row], number: int) -> int:
    """How many turns of the others begin before this one (from 0) of mine; the rows are in their order now."""
    place = next(place for place, row in enumerate(rows) if row.mine)
    mine = rows[place]
    moment = mine.start + number * mine.length
    taken = 0
    for rank, row in enumerate(rows):
        if row.mine or row.start > moment:
            continue
        turns = -((row.start - moment) // row.length)
        if row.start + turns * row.length == moment:
            # Both may start then: whoever's last turn was earlier does.
            theirs = turns > 0, -row.length * (turns > 0), -row.start, rank
            turns += theirs < (number > 0, -mine.length * (number > 0), -mine.start, place)
        taken += min(row.wanted, turns)
    return taken


class _VirtualTime(Generic[Key]):
    """When each may start its next turn, and who had one last. Who is not known may start now."""

    def __init__(self) -> None:
        self._now = 0
        self._turns = 0
        self._next: dict[Key, tuple[int, int]] = {}

    def rank(self, key: Key) -> tuple[int, int]:
        """The start, and which turn was the last; the least goes first."""
        return self._next.get(key, (self._now, 0))

    def spend(self, key: Key, length: int) -> None:
        self._turns += 1
        self._now = self.rank(key)[0]
        self._next[key] = self._now + length, self._turns
        self._next = {known: turn for known, turn in self._next.items() if turn[0] >= self._now}
