"""Publishing again what nobody has claimed, where its messages may be lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pikoci.internal.service.plumbing.context import Context

T = TypeVar("T")


def publish_again(
    context: Context,
    take: Callable[[], Sequence[T]],
    by_queue: Callable[[Sequence[T]], Mapping[str, Sequence[T]]],
    running: Callable[[], Mapping[str, int]],
    mark: Callable[[Sequence[T], float], None],
) -> list[T]:
    """What is to be published now, marked as such: of what `take` locks in each of two transactions.

    `running` is how much of this kind each worker has.
    """
    doorbell = context.doorbell
    with context.store.transaction():
        stale = take()
        counts = running() if stale else {}
        waiting = by_queue(stale)
    lost = {queue: doorbell.lost(queue, len(found), counts) for queue, found in waiting.items()}
    if not any(lost.values()):
        return []
    with context.store.transaction():
        # The broker was asked in between, which may take its time: look again who is stale still.
        still = by_queue(take())
        again = [found for queue in sorted(still) for found in still[queue][: lost.get(queue, 0)]]
        mark(again, context.clock.now())
    return again
