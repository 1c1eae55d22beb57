"""The built-in resource type `artifact`: files that cross from job to job, and from worker to worker."""

from pikoci.internal.worker.resources.artifact.handler import ArtifactType

__all__ = ["ArtifactType"]
