"""The joint search: one build of each upstream job, such that all gets agree.

The rule is Concourse's (its "v6" algorithm): gets that name the same job take their versions from the same
build of it, newer builds are tried first, and a dead end goes back to the next older build. Unlike there, a
build that put out one version of a resource and took in another may vouch for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product

from pikoci.internal.domain.inputs.model import Build, Get, History, Need


@dataclass(frozen=True, slots=True)
class Choice:
    """What is settled so far: a build id for each upstream job, a version for each get by name."""

    builds: Mapping[str, int]
    versions: Mapping[str, int]

    def key(self) -> tuple[frozenset[str], frozenset[tuple[str, int]]]:
        """All that what is still to be settled depends on: equal keys have equal futures."""
        return frozenset(self.builds), frozenset(self.versions.items())


class Search:
    """Finds versions for gets that are tied together by the upstream jobs they share.

    Gets are settled in their order, and for each its jobs in the order of its `passed`: the answer is the
    first in that order, newest builds first. Work is bounded by never entering an equal position twice.
    """

    def __init__(self, job: str, gets: Sequence[Get], history: History) -> None:
        self._job = job
        self._gets = gets
        self._history = history
        self._naming: dict[str, list[Get]] = {}
        for get in gets:
            for upstream in get.passed:
                self._naming.setdefault(upstream, []).append(get)
        self._cursors = {get.name: self._last_upstream(get) for get in gets}

    def run(self) -> Choice | None:
        """The first choice that satisfies every get, or None."""
        return self._first(iter([Choice({}, self._pinned())]), self._next_step)

    def succeeds_with(self, build: Build) -> bool:
        """Whether there is a choice that has this build of an upstream job.

        From the build it goes to jobs that must hold a version that is settled, which few of their builds do.
        """
        pinned = self._pinned()
        for get in self._naming.get(build.job, ()):
            if get.name in pinned and pinned[get.name] not in build.of(get.resource):
                return False
        versions = self._assignments(Choice({}, pinned), build)
        choices = (Choice({build.job: build.id}, chosen) for chosen in versions)
        return self._first(choices, self._settled_step) is not None

    def _first(self, choices: Iterator[Choice], next_step: Callable[[Choice], tuple[Get, str] | None]) -> Choice | None:
        seen = set()
        # A stack of our own: a job may have more upstream instances than Python allows nested calls.
        stack = [choices]
        while stack:
            choice = next(stack[-1], None)
            if choice is None:
                stack.pop()
                continue
            if (key := choice.key()) in seen:
                continue
            seen.add(key)
            step = next_step(choice)
            if step is None:
                return choice
            stack.append(self._extend(choice, *step))
        return None

    def _pinned(self) -> dict[str, int]:
        return {get.name: get.pin.version for get in self._gets if get.pin and get.pin.version is not None}

    def _last_upstream(self, get: Get) -> Mapping[str, int]:
        """For `every`, where the last use left off in each upstream job."""
        seeks = get.every and not get.pin
        use = self._history.last_use(self._job, get.name, get.resource) if seeks else None
        return {job: build for job, build in use.upstream.items() if job in get.passed} if use else {}

    def _next_step(self, choice: Choice) -> tuple[Get, str] | None:
        for get in self._gets:
            cursors = self._cursors[get.name]
            for job in get.passed:
                if job in choice.builds:
                    continue
                if cursors and job not in cursors and get.name not in choice.versions:
                    # Let a job that was used before say where to go on; starting at this one's newest would skip.
                    continue
                return get, job
        return None

    def _settled_step(self, choice: Choice) -> tuple[Get, str] | None:
        """A step that depends on a version that is settled, if there is one."""
        open_steps = ((get, job) for get in self._gets for job in get.passed if job not in choice.builds)
        return next((step for step in open_steps if step[0].name in choice.versions), None) or self._next_step(choice)

    def _extend(self, choice: Choice, get: Get, job: str) -> Iterator[Choice]:
        for build in self._candidates(choice, get, job):
            for versions in self._assignments(choice, build):
                yield Choice({**choice.builds, job: build.id}, versions)

    def _candidates(self, choice: Choice, get: Get, job: str) -> Iterator[Build]:
        needs = {self._need(choice, other, job) for other in self._naming[job]}
        newest_first = self._history.builds(job, needs)
        cursor = self._cursors[get.name].get(job)
        if cursor is None:
            return iter(newest_first)
        later = self._history.builds(job, needs, start=cursor)  # that one too: it may have put out more
        return chain((build for build in later if self._new(build, get)), newest_first)

    def _need(self, choice: Choice, get: Get, job: str) -> Need:
        version = choice.versions.get(get.name)
        others = () if version is not None else tuple(name for name in get.passed if name != job)
        return Need(get.resource, version, others)

    def _new(self, build: Build, get: Get) -> list[int]:
        # An upstream job that ran a used version again must not hold up the versions behind it.
        return [v for v in build.each_of(get.resource) if not self._history.used(self._job, get.name, v)]

    def _offered(self, build: Build, get: Get) -> list[int]:
        """The versions that the build offers to a get, the preferred first: with `every`, those that are still new."""
        new = self._new(build, get) if get.every and not get.pin else []
        return list(dict.fromkeys([*new, *build.of(get.resource)]))

    def _assignments(self, choice: Choice, build: Build) -> Iterator[Mapping[str, int]]:
        open_gets = [get for get in self._naming[build.job] if get.name not in choice.versions]
        names = [get.name for get in open_gets]
        for versions in product(*(self._offered(build, get) for get in open_gets)):
            yield {**choice.versions, **dict(zip(names, versions, strict=True))}
