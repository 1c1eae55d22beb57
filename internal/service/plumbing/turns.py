"""Whose turn it is: of the teams by their weights, and of the pipelines within a team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from pikoci.internal.domain.build import WaitingLine

Key = TypeVar("Key")


class Turns:
    """Orders the lines of waiting builds by turns of their teams and, within a team, of its pipelines.

    This is start-time fair queueing (Goyal, Vin, Cheng 1996): a turn takes 1/weight of virtual time, and whoever may
    start earliest goes next. Who did not wait starts now, so that nobody saves turns up, and a newcomer goes before
    everybody's second turn. Of two that may start at once, the one with the older build goes first.

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
            self._teams.spend(line.team, 1 / self.weight(line.team))
            self._pipelines.setdefault(line.team, _VirtualTime()).spend(line.pipeline_id, 1.0)
            yield line

    def order(self, lines: Iterable[WaitingLine]) -> list[WaitingLine]:
        """The lines, whose turn it is first."""
        oldest: dict[str, int] = {}
        waiting = sorted(lines, key=lambda line: line.head)
        for line in waiting:
            oldest.setdefault(line.team, line.head)

        def rank(line: WaitingLine) -> tuple[float, int, float, int]:
            own = self._pipelines.get(line.team)
            within = own.start(line.pipeline_id) if own else 0.0
            return self._teams.start(line.team), oldest[line.team], within, line.head

        return sorted(waiting, key=rank)

    def weight(self, team: str) -> int:
        """How many turns the team has to one of a team without weight."""
        return self._weights.get(team, 1)


class _VirtualTime(Generic[Key]):
    """When each may start its next turn. Who is not known may start now."""

    def __init__(self) -> None:
        self._now = 0.0
        self._next: dict[Key, float] = {}

    def start(self, key: Key) -> float:
        return max(self._now, self._next.get(key, 0.0))

    def spend(self, key: Key, length: float) -> None:
        self._now = self.start(key)
        self._next[key] = self._now + length
        self._next = {known: start for known, start in self._next.items() if start > self._now}
