"""Searches that found nothing: what they need not look at again.

Whether gets can be met depends on the gets, on which versions are enabled, and on which builds have succeeded. A build
that succeeded stays as it is until it is deleted; so after a search in vain, a choice can only come of a later success.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pikoci.internal.domain.inputs.model import Get, History
from pikoci.internal.domain.inputs.search import Choice, Search

_Key = tuple[Get, ...]


@dataclass(slots=True)
class _Vain:
    """A search that found nothing in all that there was up to the mark, and the reasons once they were asked for.

    Without a mark the next one searches everything again.
    """

    mark: object | None
    reasons: Mapping[str, str] | None = None


class VainSearches:
    """The searches in vain of one pipeline, by their gets, whatever job has them.

    One that is not known here reads everything once more.

    What was found within a transaction counts also if that is rolled back: it rests on what others committed.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._kept: dict[_Key, _Vain] = {}

    def get(self, key: _Key) -> _Vain | None:
        """What is known of the search, or None."""
        return self._kept.get(key)

    def keep(self, key: _Key, vain: _Vain) -> None:
        """Remember it; the one that was kept longest ago makes room."""
        self._kept.pop(key, None)
        self._kept[key] = vain
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def forget(self, key: _Key) -> None:
        """It is not in vain any more."""
        self._kept.pop(key, None)


class Finder:
    """Searches in one history; those in vain are kept in `known`, if that is given."""

    def __init__(self, history: History, known: VainSearches | None) -> None:
        self._history = history
        self._known = VainSearches() if known is None else known

    def find(self, job: str, gets: Sequence[Get]) -> Choice | None:
        """As `Search.run`; but after searches in vain it looks only at what is new since.

        A mark is taken with the second search in vain, so that those which find something cost no more.
        """
        search, key = Search(job, gets, self._history), _key(gets)
        before, now = self._known.get(key), _Vain(None)
        if before is None:
            choice = search.run()
        elif before.mark is not None and self._history.since(before.mark) == []:
            return None
        else:
            # The mark comes first: what succeeds between it and the search is looked at twice, rather than never.
            now = _Vain(self._history.mark(_upstream(gets), _resources(gets)))
            choice = None if self._changes_nothing(search, before, now) else search.run()
        if choice is None:
            self._known.keep(key, now)
        else:
            self._known.forget(key)
        return choice

    def has_passed(self, get: Get, upstream: str) -> bool:
        """Whether a version that the get may take has passed this one job."""
        return self.find("", [Get("", get.resource, (upstream,), pin=get.pin)]) is not None

    def reasons(self, gets: Sequence[Get]) -> Mapping[str, str] | None:
        """Why `find` found nothing, if that was kept and nothing is new since."""
        vain = self._known.get(_key(gets))
        return vain.reasons if vain is not None else None

    def keep_reasons(self, gets: Sequence[Get], reasons: Mapping[str, str]) -> None:
        """Keep them for the next time that `find` finds nothing."""
        vain = self._known.get(_key(gets))
        if vain is not None:
            vain.reasons = reasons

    def _changes_nothing(self, search: Search, before: _Vain, now: _Vain) -> bool:
        """Whether nothing that has succeeded since the mark of `before` makes a choice possible."""
        if before.mark is None or now.mark is None:
            return False
        new = self._history.since(before.mark)
        return new is not None and not any(search.succeeds_with(build) for build in new)


def _key(gets: Sequence[Get]) -> _Key:
    """The gets without what makes no difference to whether they can be met."""
    return tuple(replace(get, trigger=False, version=None) for get in gets)


def _upstream(gets: Sequence[Get]) -> Sequence[str]:
    return list(dict.fromkeys(job for get in gets for job in get.passed))


def _resources(gets: Sequence[Get]) -> Sequence[str]:
    return list(dict.fromkeys(get.resource for get in gets))
