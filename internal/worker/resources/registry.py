"""Which code serves which resource type."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.domain.plan import ResourceType
from pikoci.internal.worker.execution.outcome import StepError, errored
from pikoci.internal.worker.resources.custom import CustomType
from pikoci.internal.worker.resources.model import ResourceHandler

ResourceTypes = Mapping[str, ResourceHandler]


def handler_of(kind: ResourceType, builtin: ResourceTypes) -> ResourceHandler:
    """The handler of a type. Raises StepError when this worker does not have the built-in that it names."""
    if not kind.builtin:
        return CustomType()
    found = builtin.get(kind.builtin)
    if found is None:
        raise StepError(errored(f'this worker has no built-in resource type "{kind.builtin}"; it may be too old'))
    return found
