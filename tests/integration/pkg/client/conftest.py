"""A real server for the client."""

from tests.integration.internal.api.conftest import live

__all__ = ["live"]
