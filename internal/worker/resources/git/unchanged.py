"""Which repositories had nothing new when they were last looked at: while they stay so, a look is enough."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall, Version

_KEPT = 10_000


class UnchangedTags:
    """What one worker knows of the tags of repositories; fetching thousands that it has takes much longer."""

    def __init__(self) -> None:
        self._quiet: OrderedDict[str, bytes] = OrderedDict()

    def find(
        self,
        call: ResourceCall,
        source: GitSource,
        git: Git,
        previous: Version | None,
        find: Callable[[], list[Version]],
    ) -> list[Version]:
        """What `find` gives; nothing at once where it gave nothing for the same tags and the same `previous`."""
        key = "\0".join([str(call.cache_dir), source.url, source.tag])
        listed = git.remote("ls-remote", "--quiet", "--tags", "--refs", "--", source.url, cwd=call.workspace.work)
        now = hashlib.sha256(listed + msgspec.json.encode(previous, order="sorted")).digest()
        if self._quiet.get(key) == now:
            self._quiet.move_to_end(key)
            return []
        self._quiet.pop(key, None)
        found = find()
        if not found:
            self._quiet[key] = now
            while len(self._quiet) > _KEPT:
                self._quiet.popitem(last=False)
        return found
