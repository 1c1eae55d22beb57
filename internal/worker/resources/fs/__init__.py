"""The built-in resource type `fs`: files and directories of the worker's machine."""

from pikoci.internal.worker.resources.fs.handler import FsType

__all__ = ["FsType"]
