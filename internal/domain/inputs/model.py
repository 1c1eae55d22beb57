"""What input resolution reads and answers: plain data, and the history it looks things up in.

Versions and builds are known by their ids; resources, jobs and gets by their names within one pipeline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class Need(NamedTuple):
    """A resource that a build must hold: in this very version, or in any enabled one that also passed these jobs."""

    resource: str
    version: int | None = None
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """The one version that a get may take, because its resource is pinned.

    `text` shows the version to people; `version` is None while no check has found it.
    """

    text: str
    version: int | None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Get:
    """One get step of a job, with `passed` already expanded to the instances of the jobs it names.

    `version` is what the pipeline file says; None where it says nothing.
    """

    name: str
    resource: str
    passed: tuple[str, ...] = ()
    trigger: bool = False
    version: Literal["latest", "every"] | None = None
    pin: Pin | None = None

    @property
    def every(self) -> bool:
        """Whether each version is wanted in turn: when asked for, and for a trigger on a bare resource."""
        if self.version is None:
            return self.trigger and not self.passed
        return self.version == "every"


@dataclass(frozen=True, slots=True)
class Build:
    """A succeeded build: the enabled (resource, version) pairs it put out, the last first, then those it took in.

    `put_out` says how many of the pairs are of the first kind.
    """

    id: int
    job: str
    versions: tuple[tuple[str, int], ...]
    put_out: int = 0

    def of(self, resource: str) -> list[int]:
        """The versions of a resource that passed this build, each once, put out before taken in."""
        return list(dict.fromkeys(v for r, v in self.versions if r == resource))

    def each_of(self, resource: str) -> list[int]:
        """The versions of a resource that have a turn each: those put out, the first first; if none, those taken in."""
        put_out = [v for r, v in self.versions[: self.put_out] if r == resource]
        return put_out[::-1] or self.of(resource)


@dataclass(frozen=True, slots=True)
class Use:
    """The version found last of those that a get of a job took, and the upstream builds (job to id) it came through."""

    version: int
    upstream: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Input:
    """The version a get is given, the build of each job in its `passed`, and whether it is new to this get."""

    version: int
    upstream: Mapping[str, int]
    first: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """Per get, either an input or the reason, one sentence for people, why there is none."""

    inputs: Mapping[str, Input]
    reasons: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether every get has an input, so that a build can start."""
        return not self.reasons


class History(Protocol):
    """What happened in one pipeline so far, as lookups that an indexed query answers cheaply.

    Guarantees that every implementation gives:
    - Versions of a resource have two orders. In the check order the one that a check listed last comes last, and moves
      there again where it was known: it tells what is newest. In the order found each keeps its first place: it tells
      what comes next. What a put made has no place in either until a check lists it, but can have passed jobs.
    - A disabled or deleted version is never offered.
    - Builds of a job are in the order they were made; a retry stands right after the build it retries
      (order by coalesce(retry_of, id), id), so that running an old build again does not make it the newest.
    - Iterables are lazy: they fetch pages as far as they are read, and most callers read one item.
    - All answers of one resolution come from the same snapshot.
    """

    def newest(self, resource: str) -> int | None:
        """The enabled version of the resource that comes last in the check order."""

    def after(self, resource: str, version: int) -> Iterable[int]:
        """The enabled versions found after `version` (which may be disabled itself), in the order found.

        None come after a version without a place.
        """

    def builds(self, job: str, holding: Collection[Need], start: int | None = None) -> Iterable[Build]:
        """The succeeded builds of a job that took in or put out all that is needed, newest first.

        With `start`, a build id, only that one and later ones, oldest first. Needs are met in the query, not by
        reading on: where one job has not succeeded for long, the newest build of another that meets them may
        be thousands back.
        """

    def last_use(self, job: str, get: str, resource: str) -> Use | None:
        """The use of the version of the resource, the last in the order found, that a build took in under this get.

        Builds of every status count, pending ones too; among builds of one version, the newest. A version without a
        place counts only where no other was used; of several such, the newest build's.
        """

    def used(self, job: str, get: str, version: int) -> bool:
        """Whether a build of the job, whatever its status, took in this version under this get."""

    def mark(self, jobs: Sequence[str], resources: Sequence[str]) -> object | None:
        """How far these jobs have come, for `since`, in a few lookups a job; None where that cannot be told."""

    def since(self, mark: object) -> Sequence[Build] | None:
        """The builds of the mark's jobs that have succeeded since, at most a hundred, as `builds` gives them.

        None where anything may be different: there are more, or a version of its resources was enabled or disabled.
        """
