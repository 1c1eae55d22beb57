"""Which versions a build gets, and which builds a job needs now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pikoci.internal.domain.inputs.model import Build, Get, History, Input, Need, Resolution, Use
from pikoci.internal.domain.inputs.reasons import bare_reason, group_reasons
from pikoci.internal.domain.inputs.vain import Finder, VainSearches


def resolve(job: str, gets: Sequence[Get], history: History, known: VainSearches | None = None) -> Resolution:
    """The newest versions that satisfy all gets of a job together, or the reason for each get that has none.

    A get without `passed` takes the newest version, with `every` the next one found after the last it ever took.
    With `passed`, see `Search`. A pinned get takes its pin or nothing. A disabled version is never given,
    pinned or not. Gets that share no upstream job, directly or through others, do not affect each other.

    Searches in vain are kept in `known`: with that, later ones cost what is new since, not the whole history.

    Raises ValueError when two gets have the same name.
    """
    if len({get.name for get in gets}) < len(gets):
        raise ValueError(f"two gets of job {job} have the same name; names within a job must differ")
    inputs: dict[str, Input] = {}
    reasons: dict[str, str] = {}
    for get in gets:
        if not get.passed:
            _resolve_bare(job, get, history, inputs, reasons)
    for group in _groups([get for get in gets if get.passed]):
        _resolve_group(job, group, history, Finder(history, known), inputs, reasons)
    return Resolution(inputs, reasons)


def new_builds(
    job: str, gets: Sequence[Get], history: History, limit: int = 100, known: VainSearches | None = None
) -> list[Mapping[str, Input]]:
    """The input sets that a job should build now, in order; empty when nothing new triggers it.

    A set is built when one of its trigger gets has a version that this get never took before; so no set is
    ever built twice, and a change of other gets alone starts nothing. With `every`, and for triggers without
    `passed`, there may be one set for each new version: at most `limit`; ask again after storing them.

    Two callers that ask at the same time get the same sets: ask and store under one lock on the job.
    """
    ahead = _Ahead(history)
    sets: list[Mapping[str, Input]] = []
    while len(sets) < limit:
        resolution = resolve(job, gets, ahead, known)
        if not resolution.ok or not any(get.trigger and resolution.inputs[get.name].first for get in gets):
            break
        sets.append(resolution.inputs)
        ahead.record(resolution.inputs)
    return sets


def _resolve_bare(job: str, get: Get, history: History, inputs: dict[str, Input], reasons: dict[str, str]) -> None:
    if get.pin:
        version = get.pin.version if get.pin.enabled else None
    else:
        version = _next_in_turn(job, get, history) if get.every else history.newest(get.resource)
    if version is None:
        reasons[get.name] = bare_reason(get)
    else:
        inputs[get.name] = Input(version, {}, not history.used(job, get.name, version))


def _next_in_turn(job: str, get: Get, history: History) -> int | None:
    use = history.last_use(job, get.name, get.resource)
    found = history.after(get.resource, use.version) if use else ()
    following = next((version for version in found if not history.used(job, get.name, version)), None)
    return history.newest(get.resource) if following is None else following


def _resolve_group(
    job: str,
    gets: Sequence[Get],
    history: History,
    finder: Finder,
    inputs: dict[str, Input],
    reasons: dict[str, str],
) -> None:
    barred = any(get.pin and (get.pin.version is None or not get.pin.enabled) for get in gets)
    choice = None if barred else finder.find(job, gets)
    if choice is None:
        reasons.update(group_reasons(job, gets, finder))
        return
    for get in gets:
        version = choice.versions[get.name]
        upstream = {name: choice.builds[name] for name in get.passed}
        inputs[get.name] = Input(version, upstream, not history.used(job, get.name, version))


def _groups(gets: Sequence[Get]) -> Iterator[list[Get]]:
    """Splits gets into those connected by common upstream jobs, keeping their order."""
    groups: list[tuple[set[str], list[Get]]] = []
    for get in gets:
        jobs, members = set(get.passed), [get]
        for group in [g for g in groups if g[0] & jobs]:
            groups.remove(group)
            jobs |= group[0]
            members = group[1] + members
        groups.append((jobs, members))
    order = {get.name: place for place, get in enumerate(gets)}
    for _, members in groups:
        yield sorted(members, key=lambda get: order[get.name])


class _Ahead:
    """The history as it will be once the builds recorded here are stored."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._last: dict[str, Use] = {}
        self._taken: set[tuple[str, int]] = set()

    def record(self, inputs: Mapping[str, Input]) -> None:
        upstream = {job: build for given in inputs.values() for job, build in given.upstream.items()}
        for name, given in inputs.items():
            if given.upstream:
                self._last[name] = Use(given.version, upstream)
            self._taken.add((name, given.version))

    def newest(self, resource: str) -> int | None:
        return self._history.newest(resource)

    def after(self, resource: str, version: int) -> Iterable[int]:
        return self._history.after(resource, version)

    def builds(self, job: str, holding: Collection[Need], start: int | None = None) -> Iterable[Build]:
        return self._history.builds(job, holding, start)

    def last_use(self, job: str, get: str, resource: str) -> Use | None:
        return self._last.get(get) or self._history.last_use(job, get, resource)

    def used(self, job: str, get: str, version: int) -> bool:
        return (get, version) in self._taken or self._history.used(job, get, version)

    def mark(self, jobs: Sequence[str], resources: Sequence[str]) -> object | None:
        return self._history.mark(jobs, resources)

    def since(self, mark: object) -> Sequence[Build] | None:
        return self._history.since(mark)
