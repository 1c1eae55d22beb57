"""Deleting pipelines while everybody works."""

from __future__ import annotations

import structlog

from pikoci.internal.service.plumbing.bus import DELETIONS, SCHEDULE, build_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.slices import Slices

_log = structlog.get_logger(__name__)

_REASON = "the pipeline was deleted"
#: Builds that are ended in one transaction.
_ENDED = 200


class Deletion:
    """Hides a pipeline at once, and deletes what is hidden in short transactions.

    Any server goes on with what another one began, also after the death of that one.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deletions = context.store.deletions
        self._slices = Slices(context.store)

    def hide(self, pipeline_id: int) -> None:
        """Within a transaction: there is no such pipeline any more, and what its workers run is cancelled."""
        if self._deletions.hide(pipeline_id):
            self._end_builds(pipeline_id)
            self._context.notify(DELETIONS)

    def delete_hidden(self) -> int:
        """Delete a hidden pipeline, or a part of it while another server deletes it too; returns 0 if there is none."""
        pipeline_id: int | None = None
        after: int | None = 0
        while after is not None:
            with self._slices.next():
                taken = self._deletions.take()
                if taken is None or pipeline_id not in {None, taken}:
                    break
                pipeline_id = taken
                if not self._end_builds(pipeline_id):
                    after = self._deletions.delete_some(pipeline_id, after)
        if after is None:
            _log.info("pipeline deleted for good", pipeline_id=pipeline_id)
        return 0 if pipeline_id is None else 1

    def _end_builds(self, pipeline_id: int) -> bool:
        """End some of the active builds; whether there were any."""
        ended = self._deletions.end_builds(pipeline_id, _REASON, self._context.clock.now(), _ENDED)
        self._context.notify(*map(build_topic, ended))
        if ended:
            self._context.notify(SCHEDULE)
        return bool(ended)
