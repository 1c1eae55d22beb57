"""The built-in resource type `registry-image`: container images, by the API of registries and no other program."""

from pikoci.internal.worker.resources.registry_image.handler import RegistryImageType

__all__ = ["RegistryImageType"]
