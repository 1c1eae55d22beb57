"""The gateway of a remote worker: HTTP to the server."""

from pikoci.internal.worker.http.gateway import HttpGateway

__all__ = ["HttpGateway"]
