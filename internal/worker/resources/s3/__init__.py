"""The built-in resource type `s3`: objects in S3, and in stores that speak as it does."""

from pikoci.internal.worker.resources.s3.handler import S3Type

__all__ = ["S3Type"]
