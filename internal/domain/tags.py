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
#: A token may be for several workers.
MAX_TOKEN_TAGS = 20
_MAX_TAG = 40
#: What a tag may be where it is sent. People write those of `SLUG_PATTERN` alone.
TAG_PATTERN = rf"^[A-Za-z0-9_-]{{1,{_MAX_TAG}}}$(?!\n)"
_TAG = re.compile(TAG_PATTERN, re.ASCII)
_KINDS = (JOBS_QUEUE, CHECKS_QUEUE)
_TEAM = "team="  # no tag holds this sign


def queue_of(kind: str, tags: Sequence[str], team: str = "") -> str:
    """The queue of work of this kind (`jobs` or `checks`) with these tags: `jobs`, or `jobs.<tags joined by +>`.

    With a `team` the one from which the workers of that team alone receive: `jobs.team=<team>`, `+` and the tags.
    """
    parts = [*([f"{_TEAM}{team}"] if team else []), *sorted(set(tags))]
    return f"{kind}.{'+'.join(parts)}" if parts else kind


def tags_of(queue: str) -> list[str]:
    """The tags of the work in a queue, in order."""
    return [part for part in queue.partition(".")[2].split("+") if part and not part.startswith(_TEAM)]


def common_queue(queue: str) -> str:
    """The queue of the same work for the workers of every team."""
    return queue_of(queue.partition(".")[0], tags_of(queue))


def team_of(queue: str) -> str:
    """The team whose workers alone receive from the queue, empty for a common one."""
    first = queue.partition(".")[2].split("+")[0]
    return first.removeprefix(_TEAM) if first.startswith(_TEAM) else ""


def queues_for(kind: str, tags: Sequence[str], exclusive: bool = False, team: str = "") -> list[str]:
    """The queues of all work of this kind that a worker with these tags may take: one for each set of them.

    The queue of untagged work comes first; it is left out where `exclusive`. With a `team` they are that team's own.
    Raises InvalidError for an unknown kind, and what `check_tags` raises.
    """
    if kind not in _KINDS:
        raise InvalidError(f"{kind[:_MAX_TAG]!r} is not a kind of queue", hint=f"it is {' or '.join(_KINDS)}")
    known = check_tags(tags)
    sizes = range(1 if exclusive else 0, len(known) + 1)
    return [queue_of(kind, chosen, team) for size in sizes for chosen in itertools.combinations(known, size)]


def check_tags(tags: Sequence[str], most: int = MAX_TAGS) -> list[str]:
    """The tags in order, each once. Raises InvalidError for one that is not valid, and for more than `most`."""
    for tag in tags:
        if _TAG.fullmatch(tag) is None:
            raise InvalidError(
                f"{tag[:_MAX_TAG]!r} is not a valid tag",
                hint=f"a tag has letters, digits, `_` and `-`, at most {_MAX_TAG} of them",
            )
    known = sorted(set(tags))
    if len(known) > most:
        raise InvalidError(
            f"{len(known)} tags are too many, at most {most} are possible", hint="use another for the rest"
        )
    return known
