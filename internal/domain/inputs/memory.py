"""A pipeline's history in memory: the reference for every other `History`."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

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
        self._versions: dict[str, list[int]] = {}
        self._order: dict[int, int] = {}
        self._disabled: set[int] = set()
        self._builds: dict[int, PastBuild] = {}
        self._succeeded: dict[tuple[str, str, int | None], list[int]] = {}
        self._uses: dict[tuple[str, str], dict[int, int]] = {}

    def add_version(self, resource: str, version: int) -> None:
        """Records a version as the newest of its resource."""
        versions = self._versions.setdefault(resource, [])
        self._order[version] = len(versions)
        versions.append(version)

    def disable(self, version: int) -> None:
        """Takes a version out of use."""
        self._disabled.add(version)

    def enable(self, version: int) -> None:
        """Brings a disabled version back."""
        self._disabled.discard(version)

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
        return next((v for v in reversed(self._versions.get(resource, [])) if v not in self._disabled), None)

    def after(self, resource: str, version: int) -> Iterator[int]:
        """See `History.after`."""
        versions = self._versions[resource]
        for place in range(self._order[version] + 1, len(versions)):
            if versions[place] not in self._disabled:
                yield versions[place]

    def builds(self, job: str, holding: Collection[Need], after: int | None = None) -> Iterator[Build]:
        """See `History.builds`."""
        shortest = min((self._passed(job, need.resource, need.version) for need in holding), key=len, default=[])
        start = 0 if after is None else bisect_right(shortest, self._place(after), key=self._place)
        places = range(start, len(shortest))
        for place in reversed(places) if after is None else places:
            build = self._usable(self._builds[shortest[place]])
            if all(self._meets(build, need) for need in holding):
                yield build

    def last_use(self, job: str, get: str) -> Use | None:
        """See `History.last_use`."""
        uses = self._uses.get((job, get), {})
        newest = max((v for v in uses if v in self._order), key=self._order.__getitem__, default=None)
        return None if newest is None else Use(newest, self._builds[uses[newest]].upstream)

    def used(self, job: str, get: str, version: int) -> bool:
        """See `History.used`."""
        return version in self._uses.get((job, get), {})

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
        pairs = dict.fromkeys((*build.put, *build.took.values()))
        return Build(
            build.id,
            build.job,
            tuple(pair for pair in pairs if pair[1] in self._order and pair[1] not in self._disabled),
        )
