"""The searches for inputs that found nothing, kept for as long as the process lives."""

from __future__ import annotations

from pikoci.internal.domain.inputs import VainSearches

_PIPELINES = 1000


class VainByPipeline:
    """Those of each pipeline; of more than 1,000 the one that was used longest ago is forgotten."""

    def __init__(self) -> None:
        self._kept: dict[int, VainSearches] = {}

    def of(self, pipeline_id: int) -> VainSearches:
        """What is known of this pipeline's searches."""
        found = self._kept.pop(pipeline_id) if pipeline_id in self._kept else VainSearches()
        self._kept[pipeline_id] = found
        if len(self._kept) > _PIPELINES:
            del self._kept[next(iter(self._kept))]
        return found
