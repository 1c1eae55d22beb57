"""The resource types that every worker has."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.worker.resources.artifact import ArtifactType
from pikoci.internal.worker.resources.cron import CronType
from pikoci.internal.worker.resources.fs import FsType
from pikoci.internal.worker.resources.git import GitType
from pikoci.internal.worker.resources.http import HttpType
from pikoci.internal.worker.resources.model import ResourceHandler
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.resources.registry_image import RegistryImageType
from pikoci.internal.worker.resources.s3 import S3Type
from pikoci.internal.worker.resources.trigger import TriggerType


def builtin_types(replaced: Mapping[str, ResourceHandler] | None = None) -> ResourceTypes:
    """Built-in types by the name that `ResourceType.builtin` gives; something else serves `replaced` resources."""
    builtin: dict[str, ResourceHandler] = {
        "artifact": ArtifactType(),
        "cron": CronType(),
        "fs": FsType(),
        "git": GitType(),
        "http": HttpType(),
        "registry-image": RegistryImageType(),
        "s3": S3Type(),
        "trigger": TriggerType(),
    }
    return ResourceTypes(builtin, replaced or {})
