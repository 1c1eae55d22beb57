"""What work that is given out waits for, in one sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.levels import Need
from pikoci.internal.domain.pipeline import WorkerState

#: What is named before the rest is only counted.
_NAMED = 3
_UNABLE = {"stalled": "sends no heartbeat", "draining": "is draining", "cordoned": "is cordoned"}

#: All that strangers are told of it.
FOR_A_WORKER = "waits for a worker"

#: Of which job the builds are (empty: of jobs that the reader may not know of), and how many of them run.
Busy = Sequence[tuple[str, int]]


def no_worker(kind: str, tags: Sequence[str], *, alone: bool) -> str:
    """There is no worker that could take work of this kind (`jobs` or `checks`); `alone`: there is none at all."""
    if tags:
        names = sorted(tags)
        return f"no worker has the tags {', '.join(names)}: start one with `pikoci worker --tags {','.join(names)}`"
    missing = "no worker is connected" if alone else f"no connected worker takes {kind} without tags"
    return f"{missing}: start one with `pikoci worker`"


def none_takes_work(unable: Sequence[WorkerState]) -> str:
    """There are workers that could take it, and each takes nothing now."""
    shown = _listed([f"{state.name} {_UNABLE[availability(state)]}" for state in unable])
    cordoned = next((state.name for state in unable if availability(state) == "cordoned"), None)
    way_out = f"`pikoci client workers uncordon {cordoned}` lets it" if cordoned else "start one with `pikoci worker`"
    return f"no worker takes work now: {shown}; {way_out}"


def all_too_old(need: Need, workers: Sequence[WorkerState]) -> str:
    """There are workers that would take it, and each is of a release before some part of its plan."""
    shown = _listed([f"{state.name} has pikoci {state.version}" for state in workers])
    return f"no connected worker is new enough: needs {need.part}; {shown}: upgrade one, or start a newer one"


def for_a_slot(able: Sequence[WorkerState], busy: Busy, place: int | None) -> str:
    """The workers that could take it are busy; `place` is the one in the line, None where that is too long to count."""
    names = [state.name for state in able]
    alone = len(names) == 1
    who = names[0] if alone else str(len(names))
    which = "" if alone else f" ({_listed(names)})"
    slots = _slots("its" if alone else "their", sum(state.concurrency for state in able), busy)
    line = "a long line is before it" if place is None else f"{ordinal(place)} in line"
    return f"waits for a worker: {who} could take it{which}, {slots}; {line}"


def availability(state: WorkerState) -> str:
    """`running`, or why it takes nothing: `stalled`, `draining` or `cordoned`."""
    return state.state if state.state in {"stalled", "draining"} else state.wanted or state.state


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ending}"


def _slots(whose: str, slots: int, busy: Busy) -> str:
    taken = sum(count for _, count in busy)
    all_of_them = f"{whose} slot is" if slots == 1 else f"{whose} {slots} slots are"
    if taken >= slots:
        return f"{all_of_them} busy with {_builds(busy)}"
    return f"{slots - taken} of {whose} {slots} slots are free" if taken else f"{all_of_them} free"


def _builds(busy: Busy) -> str:
    """`4 builds of a and 1 of b`, the most first; what the reader may not know of comes last."""
    named = sorted((one for one in busy if one[0]), key=lambda one: (-one[1], one[0]))
    others = sum(count for name, count in busy if not name)
    parts = [f"{count} of {name}" for name, count in named[:_NAMED]]
    if more := sum(count for _, count in named[_NAMED:]):
        parts.append(f"{more} of other jobs")
    if others:
        parts.append(f"{others} of other teams")
    count, _, rest = parts[0].partition(" ")
    parts[0] = f"{count} {'build' if count == '1' else 'builds'} {rest}"
    return _joined(parts)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
