"""The built-in resource type `git`, by the git program."""

from pikoci.internal.worker.resources.git.handler import GitType

__all__ = ["GitType"]
