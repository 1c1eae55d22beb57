"""Tags: which work needs which worker, and through which queue it goes.

Work that asks for tags has a queue of its own for each set of them, so that a worker receives only what it can run.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE

#: A worker listens on one queue for each subset of its tags, so six tags make 64 queues of each kind.
MAX_TAGS = 6
_MAX_TAG = 40
_TAG = re.compile(rf"[A-Za-z0-9_-]{{1,{_MAX_TAG}}}", re.ASCII)
_KINDS = (JOBS_QUEUE, CHECKS_QUEUE)


def queue_of(kind: str, tags: Sequence[str]) -> str:
    """The queue of work of this kind (`jobs` or `checks`) with these tags: `jobs`, or `jobs.<tags joined by +>`."""
    return f"{kind}.{'+'.join(sorted(set(tags)))}" if tags else kind


def queues_for(kind: str, tags: Sequence[str], exclusive: bool = False) -> list[str]:
    """The queues of all work of this kind that a worker with these tags may take: one for each set of them.

    The queue of untagged work comes first; it is left out where `exclusive`. Raises InvalidError for an unknown kind,
    and what `check_tags` raises.
    """
    if kind not in _KINDS:
        raise InvalidError(f"{kind[:_MAX_TAG]!r} is no kind of queue", hint=f"it is {' or '.join(_KINDS)}")
    known = check_tags(tags)
    sizes = range(1 if exclusive else 0, len(known) + 1)
    return [queue_of(kind, chosen) for size in sizes for chosen in itertools.combinations(known, size)]


def check_tags(tags: Sequence[str]) -> list[str]:
    """The tags in order, each once. Raises InvalidError for one that is no tag, and for more than `MAX_TAGS`."""
    for tag in tags:
        if _TAG.fullmatch(tag) is None:
            raise InvalidError(
                f"{tag[:_MAX_TAG]!r} is no tag",
                hint=f"a tag is made of letters, digits, `_` and `-`, {_MAX_TAG} at most",
            )
    known = sorted(set(tags))
    if len(known) > MAX_TAGS:
        raise InvalidError(
            f"{len(known)} tags are too many, {MAX_TAGS} are the most", hint="run another worker for the others"
        )
    return known
