"""Calls about workers and queues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pikoci.pkg.client.errors import ClientError
from pikoci.pkg.client.transport import Transport, path
from pikoci.pkg.token_claims import token_claims

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

    def create(self, team: str = "", tags: Sequence[str] | None = None) -> Json:
        """A new token, shown this once; for one team's work, or for all. Its worker may have the tags, None: any."""
        body: Json = {**({"team": team} if team else {}), **({} if tags is None else {"tags": list(tags)})}
        return dict(self._transport.send("POST", path("worker-tokens"), body=body))

    def revoke(self, token_id: str) -> None:
        """Refuse a token from now on. `token_id_of` finds the id of a token."""
        self._transport.change("DELETE", path("worker-tokens", token_id))


def token_id_of(text: str) -> str:
    """The id in a worker token; anything but a token is taken for an id. The token goes nowhere.

    Raises ClientError for a token without an id.
    """
    if text.count(".") != 2:
        return text.strip()
    try:
        return str(token_claims(text)["jti"])
    except (ValueError, TypeError, KeyError) as error:
        raise ClientError("this is neither a worker token nor the id of one; copy it again") from error
