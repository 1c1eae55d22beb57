"""Which tags a worker has seen of a resource: git does not tell when a tag was made or moved."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.tools.caches import in_use


class Tag(msgspec.Struct, frozen=True):
    """A tag, by the full id of its commit; `key` also tells its own object's, as that of an annotated tag changes."""

    name: str
    commit: str
    key: str

    @property
    def version(self) -> Version:
        """As the server knows it."""
        return {"ref": self.commit, "tag": self.name}


class _State(msgspec.Struct):
    """`seen` was taken by the server. `offered` was given to it in a check whose newest version was `last`."""

    seen: list[str] | None = None
    offered: list[str] = []
    last: Version | None = None


class SeenTags:
    """What earlier checks saw, in a file of the worker's. Use it only within `remembered`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = _State()
        with suppress(FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            self._state = msgspec.json.decode(path.read_bytes(), type=_State)

    def is_known(self, key: str) -> bool:
        """Whether a check gave it already, perhaps in vain."""
        return key in self._state.offered

    def choose(self, tags: Sequence[Tag], previous: Version | None, limit: int) -> list[Version]:
        """The tags, of all `tags` in the order of their dates, that are new: the last `limit` of them.

        What was given before and not taken comes first, then `previous`, then what no check has seen.
        """
        if previous is None:
            return [tag.version for tag in tags[-1:]]
        seen = self._seen(previous)
        if not seen:
            return [tag.version for tag in _after(tags, previous)[-limit:]]
        known, offered = set(seen), set(self._state.offered)
        fresh = [tag for tag in tags if tag.key not in known]
        fresh.sort(key=lambda tag: 0 if tag.key in offered else 1 if tag.version == previous else 2)
        found = [tag.version for tag in fresh[-limit:]]
        return [] if found == [previous] else found

    def offer(self, keys: list[str], found: Sequence[Version], previous: Version | None) -> None:
        """Keep that the check which gives `found` saw `keys`. The next one learns whether the server took it."""
        seen = self._seen(previous)
        state = _State(seen, keys, found[-1]) if found else _State(keys if previous else seen, keys, previous)
        if state != self._state:
            new = self._path.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(state))
            new.replace(self._path)

    def _seen(self, previous: Version | None) -> list[str] | None:
        """What need not be given. The first check gives one version only, so what it saw beside that is no news."""
        state = self._state
        if previous is not None and (state.seen is None or state.last == previous):
            return state.offered
        return state.seen


@contextmanager
def remembered(call: ResourceCall, source: GitSource) -> Generator[SeenTags]:
    """What this worker saw of the tags that a resource follows. Other params make other tags."""
    identity = f"{call.cache_dir.name}\x00{source.url}\x00{source.tag}\x00{source.branch}".encode()
    cache = call.settings.workdir / "cache" / "tags" / hashlib.sha256(identity).hexdigest()
    with in_use(cache, call.lifetime, alone=True) as directory:
        yield SeenTags(directory / "seen.json")


def _after(tags: Sequence[Tag], previous: Version) -> Sequence[Tag]:
    """What comes after `previous` by date, for want of anything better; only the newest when it is gone."""
    for place, tag in enumerate(tags):
        if tag.version == previous:
            return tags[place + 1 :]
        if tag.name == previous.get("tag"):
            return tags[place:]
    return tags[-1:]
