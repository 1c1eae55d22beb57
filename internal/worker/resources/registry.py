"""Which code serves which resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pikoci.internal.domain.plan import ResourceType
from pikoci.internal.worker.resources.custom import CustomType
from pikoci.internal.worker.resources.model import ResourceHandler
from pikoci.internal.worker.tools.outcome import StepError, errored


@dataclass(frozen=True, slots=True)
class ResourceTypes:
    """Built-in types by name, and resources (by canonical name) that something else stands for in this run."""

    builtin: Mapping[str, ResourceHandler]
    replaced: Mapping[str, ResourceHandler] = field(default_factory=dict)

    def handler(self, canonical: str, kind: ResourceType) -> ResourceHandler:
        """The handler of a resource. Raises StepError when its type names a built-in that is not here."""
        if canonical in self.replaced:
            return self.replaced[canonical]
        if not kind.builtin:
            return CustomType()
        found = self.builtin.get(kind.builtin)
        if found is None:
            raise StepError(errored(f'this worker has no built-in resource type "{kind.builtin}"; it may be too old'))
        return found
