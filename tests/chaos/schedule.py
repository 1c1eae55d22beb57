"""What goes wrong when: a pure function of a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

#: Seconds between two faults, on average.
PACE = 1.3
#: Seconds that a target is left alone after each of its faults.
REST = 1.0


class Kind(StrEnum):
    """What is done to a target. A `crash` kills one of several processes of a server; a `cut` closes connections."""

    KILL = "kill"
    CRASH = "crash"
    PAUSE = "pause"
    END = "end"
    CUT = "cut"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Fault:
    """At `at` seconds from the start, something is wrong with the target for `seconds`."""

    at: float
    kind: Kind
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind:6}  {self.target:16}  {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Wear:
    """What may be done to a kind of target: each fault with its longest time in seconds, and how often it is chosen."""

    faults: Mapping[Kind, float]
    weight: int


def plan(seed: int, seconds: float, targets: Mapping[str, Wear]) -> Sequence[Fault]:
    """The faults of a run, in order; all are over when the run is. No target has two at a time."""
    random = Random(seed)
    free = dict.fromkeys(targets, 0.0)
    weights = [wear.weight for wear in targets.values()]
    faults = []
    at = 0.0
    while (at := at + random.expovariate(1 / PACE)) < seconds:
        target = random.choices(list(targets), weights)[0]
        kind, longest = random.choice(list(targets[target].faults.items()))
        lasts = min(random.uniform(0.2, 1.0) * longest, seconds - at)
        if free[target] <= at:
            faults.append(Fault(at, kind, target, lasts))
            free[target] = at + lasts + REST
    return faults
