"""The resource types that every worker has."""

from __future__ import annotations

from pikoci.internal.worker.resources.artifact import ArtifactType
from pikoci.internal.worker.resources.cron import CronType
from pikoci.internal.worker.resources.git import GitType
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.resources.trigger import TriggerType


def builtin_types() -> ResourceTypes:
    """Built-in types by the name that `ResourceType.builtin` gives."""
    return {"artifact": ArtifactType(), "cron": CronType(), "git": GitType(), "trigger": TriggerType()}
