"""Calls about the server's own store of secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Secrets:
    """`client.secrets`: those of a team, or where `pipeline` is given of that one. Values go in, and never out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str, pipeline: str = "") -> Iterator[Json]:
        """What is known of them, by name."""
        return self._transport.items(path(*_of(team, pipeline)))

    def set(self, name: str, value: str, team: str, pipeline: str = "") -> None:
        """Keep a value, in place of the one that was there."""
        self._transport.change("PUT", path(*_of(team, pipeline), name), {"value": value})

    def delete(self, name: str, team: str, pipeline: str = "") -> None:
        """Forget one."""
        self._transport.change("DELETE", path(*_of(team, pipeline), name))


def _of(team: str, pipeline: str) -> tuple[str, ...]:
    return ("teams", team, "pipelines", pipeline, "secrets") if pipeline else ("teams", team, "secrets")
