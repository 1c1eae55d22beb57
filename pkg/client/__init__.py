"""The API client that worker, command line and users share."""

from pikoci.pkg.client.client import Client
from pikoci.pkg.client.errors import ApiError, ClientError, ServerUnreachableError
from pikoci.pkg.client.events import BuildEvent
from pikoci.pkg.client.retry import RetryPolicy

__all__ = ["ApiError", "BuildEvent", "Client", "ClientError", "RetryPolicy", "ServerUnreachableError"]
