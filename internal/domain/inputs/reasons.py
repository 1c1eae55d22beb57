"""Why a get has no version, in one sentence for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pikoci.internal.domain.inputs.model import Get
from pikoci.internal.domain.inputs.vain import Finder


def bare_reason(get: Get) -> str:
    """The reason for a get without `passed` that found nothing."""
    return _pin_reason(get) or f"{get.resource} has no enabled version yet"


def group_reasons(job: str, gets: Sequence[Get], finder: Finder) -> Mapping[str, str]:
    """The reason for each get of a group that the search could not satisfy, by name.

    A get that fails alone says so; one that would have a version names those it depends on.
    """
    kept = finder.reasons(gets)
    if kept is None:
        kept = _found_out(job, gets, finder)
        finder.keep_reasons(gets, kept)
    return kept


def _found_out(job: str, gets: Sequence[Get], finder: Finder) -> dict[str, str]:
    own = {get.name: reason for get in gets if (reason := _own_reason(job, get, finder, alone=len(gets) == 1))}
    shared = _shared_jobs(gets)
    if not own:
        resources = _listed(list(dict.fromkeys(get.resource for get in gets)))
        together = f"no set of versions of {resources} has passed {_jobs(shared)} together"
        return {get.name: together for get in gets}
    blocking = _listed(list(own))
    behind = f"its version must come through the same builds as {blocking}, for which none fits"
    return {get.name: own.get(get.name, behind) for get in gets}


def _own_reason(job: str, get: Get, finder: Finder, alone: bool) -> str | None:
    if reason := _pin_reason(get):
        return reason
    what = f"the pinned version {get.pin.text} of {get.resource}" if get.pin else f"version of {get.resource}"
    missing = [upstream for upstream in get.passed if not finder.has_passed(get, upstream)]
    if missing:
        return f"{what} has not passed {_jobs(missing)}" if get.pin else f"no {what} has passed {_jobs(missing)}"
    if alone or finder.find(job, [get]) is None:
        return f"no single version of {get.resource} has passed all of {_jobs(get.passed)}"
    return None


def _pin_reason(get: Get) -> str | None:
    if get.pin is None:
        return None
    if get.pin.version is None:
        return f"the pinned version {get.pin.text} of {get.resource} has not been found by a check"
    if not get.pin.enabled:
        return f"the pinned version {get.pin.text} of {get.resource} is disabled"
    return None


def _shared_jobs(gets: Sequence[Get]) -> list[str]:
    named = [job for get in gets for job in dict.fromkeys(get.passed)]
    return [job for job in dict.fromkeys(named) if named.count(job) > 1]


def _jobs(names: Sequence[str]) -> str:
    return f"{'job' if len(names) == 1 else 'jobs'} {_listed(names)}"


def _listed(names: Sequence[str], most: int = 5) -> str:
    # A matrix can have hundreds of instances; a reason stays a sentence.
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
