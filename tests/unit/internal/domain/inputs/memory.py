"""A pipeline's history in memory: the reference for every other `History`."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pikoci.internal.domain.inputs.model import Build, Need, Use


@dataclass(frozen=True, slots=True)
class PastBuild:
    """A build that was made: the (resource, version) each get took, and what it put out.

    `upstream` names, by job, the builds through which its inputs came.
    """

    id: int
    job: str
    took: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    put: tuple[tuple[str, int], ...] = ()
    succeeded: bool = True
    retry_of: int | None = None
    upstream: Mapping[str, int] = field(default_factory=dict)


class MemoryHistory:
    """Answers `History` from dictionaries. Version ids are unique across resources."""

    def __init__(self) -> None:
        self._resource: dict[int, str] = {}
        self._checked: dict[str, list[int]] = {}
        self._found: dict[str, list[int]] = {}
        self._turn: dict[int, int] = {}
        self._disabled: set[int] = set()
        self._builds: dict[int, PastBuild] = {}
        self._succeeded: dict[tuple[str, str, int | None], list[int]] = {}
        self._uses: dict[tuple[str, str], dict[int, int]] = {}
        self._toggles = 0

    def add_version(self, resource: str, version: int) -> None:
        """Records that a check listed a version last: it is the newest of its resource, whether new or known."""
        self.add_output(resource, version)
        checked, found = self._checked.setdefault(resource, []), self._found.setdefault(resource, [])
        if version in self._turn:
            checked.remove(version)
        else:
            self._turn[version] = len(found)
            found.append(version)
        checked.append(version)

    def add_output(self, resource: str, version: int) -> None:
        """Records a version that a put made: it has no place until `add_version`."""
        self._resource[version] = resource

    def disable(self, version: int) -> None:
        """Takes a version out of use."""
        self._disabled.add(version)
        self._toggles += 1

    def enable(self, version: int) -> None:
        """Brings a disabled version back."""
        self._disabled.discard(version)
        self._toggles += 1

    def add_build(self, build: PastBuild) -> None:
        """Records a build; one that had not succeeded may be recorded again, with its end."""
        self._builds[build.id] = build
        for get, (_, version) in build.took.items():
            uses = self._uses.setdefault((build.job, get), {})
            uses[version] = max(build.id, uses.get(version, build.id), key=self._place)
        if build.succeeded:
            pairs = {*build.put, *build.took.values()}
            for resource, held in {*pairs, *((resource, None) for resource, _ in pairs)}:
                builds = self._succeeded.setdefault((build.job, resource, held), [])
                insort(builds, build.id, key=self._place)

    def newest(self, resource: str) -> int | None:
        """See `History.newest`."""
        return next((v for v in reversed(self._checked.get(resource, [])) if v not in self._disabled), None)

    def after(self, resource: str, version: int) -> Iterator[int]:
        """See `History.after`."""
        found = self._found.get(resource, [])
        for place in range(self._turn.get(version, len(found)) + 1, len(found)):
            if found[place] not in self._disabled:
                yield found[place]

    def builds(self, job: str, holding: Collection[Need], start: int | None = None) -> Iterator[Build]:
        """See `History.builds`."""
        shortest = min((self._passed(job, need.resource, need.version) for need in holding), key=len, default=[])
        first = 0 if start is None else bisect_left(shortest, self._place(start), key=self._place)
        places = range(first, len(shortest))
        for place in reversed(places) if start is None else places:
            build = self._usable(self._builds[shortest[place]])
            if all(self._meets(build, need) for need in holding):
                yield build

    def last_use(self, job: str, get: str, resource: str) -> Use | None:
        """See `History.last_use`."""
        uses = self._uses.get((job, get), {})
        mine = (v for v in uses if self._resource.get(v) == resource)
        last = max(mine, key=lambda v: (self._turn.get(v, -1), self._place(uses[v])), default=None)
        return None if last is None else Use(last, self._builds[uses[last]].upstream)

    def used(self, job: str, get: str, version: int) -> bool:
        """See `History.used`."""
        return version in self._uses.get((job, get), {})

    def mark(self, jobs: Sequence[str], resources: Sequence[str]) -> object:
        """See `History.mark`."""
        del resources
        return self._toggles, frozenset(self._ended(jobs)), tuple(jobs)

    def since(self, mark: object) -> list[Build] | None:
        """See `History.since`."""
        toggles, known, jobs = cast("tuple[int, frozenset[int], tuple[str, ...]]", mark)
        if toggles != self._toggles:
            return None
        return [self._usable(self._builds[build_id]) for build_id in self._ended(jobs) if build_id not in known]

    def _ended(self, jobs: Collection[str]) -> list[int]:
        return [build.id for build in self._builds.values() if build.succeeded and build.job in jobs]

    def _passed(self, job: str, resource: str, version: int | None) -> list[int]:
        return self._succeeded.get((job, resource, version), [])

    def _meets(self, build: Build, need: Need) -> bool:
        return any(
            need.version in {None, version} and all(self._passed(job, need.resource, version) for job in need.passed)
            for version in build.of(need.resource)
        )

    def _place(self, build_id: int) -> tuple[int, int]:
        retried = self._builds[build_id].retry_of
        return (build_id if retried is None else retried, build_id)

    def _usable(self, build: PastBuild) -> Build:
        pairs = dict.fromkeys((*reversed(build.put), *build.took.values()))
        usable = tuple(pair for pair in pairs if pair[1] in self._resource and pair[1] not in self._disabled)
        return Build(build.id, build.job, usable, put_out=sum(pair in build.put for pair in usable))
