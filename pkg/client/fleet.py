"""Calls about workers and queues."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.errors import ClientError
from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Workers:
    """`client.workers`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Json]:
        """All workers with what they run."""
        return self._transport.items(path("workers"))

    def get(self, name: str) -> Json:
        """One worker with what it runs. Raises ApiError 404 where there is none of that name."""
        return dict(self._transport.get(path("workers", name)))

    def cordon(self, name: str) -> None:
        """Give it nothing new."""
        self._transport.change("POST", path("workers", name, "cordon"))

    def uncordon(self, name: str) -> None:
        """Undo a cordon."""
        self._transport.change("POST", path("workers", name, "uncordon"))

    def drain(self, name: str) -> None:
        """Let it finish what it runs, and end."""
        self._transport.change("POST", path("workers", name, "drain"))

    def delete(self, name: str) -> None:
        """Forget a worker that is gone."""
        self._transport.change("DELETE", path("workers", name))

    def queues(self) -> Iterator[Json]:
        """The queues and what waits in each."""
        return self._transport.items(path("queues"))


class WorkerTokens:
    """`client.worker_tokens`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Json]:
        """The worker tokens that the login may revoke, without the tokens themselves."""
        return self._transport.items(path("worker-tokens"))

    def create(self, team: str = "") -> Json:
        """A new token, shown this once; for one team's work, or for all."""
        return dict(self._transport.send("POST", path("worker-tokens"), body={"team": team} if team else {}))

    def revoke(self, token_id: str) -> None:
        """Refuse a token from now on. `token_id_of` finds the id of a token."""
        self._transport.change("DELETE", path("worker-tokens", token_id))


def token_id_of(text: str) -> str:
    """The id in a worker token; what is no token is taken for an id. The token goes nowhere.

    Raises ClientError for a token without an id.
    """
    parts = text.strip().split(".")
    if len(parts) != 3:
        return text.strip()
    try:
        payload = parts[1].encode() + b"=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(payload))
        return str(claims["jti"])
    except (ValueError, KeyError, TypeError) as error:
        raise ClientError("this is no worker token, and no id of one; copy it again") from error
