"""The server's part in a run without a server."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)

_CHUNK = 256 * 1024

OnEvent = Callable[[BuildEvent], None]


class LocalGateway:
    """A server for one build: events go to a callback, artifacts to a directory. There is nothing to claim.

    `secrets` are the entries of its own store.
    """

    def __init__(self, on_event: OnEvent, artifacts: Path, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets = secrets or {}
        self._on_event = on_event
        self._artifacts = artifacts

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """The default terms."""
        return WorkerTerms()

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """Nothing is ever lost or wanted."""
        return HeartbeatReply()

    def commands(self, name: str, instance: str) -> Iterator[WorkerCommand | None]:
        """There are none."""
        return iter(())

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        """Raise ConflictError."""
        raise ConflictError("there is no queue in a local run")

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        """Raise ConflictError."""
        raise ConflictError("there is no queue in a local run")

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """Ignore it: who asked for the check has the result."""

    def claim_announcement(self, announcement_id: int, worker: str, instance: str) -> AnnouncementAssignment:
        """Raise ConflictError."""
        raise ConflictError("there is no queue in a local run")

    def finish_announcement(self, announcement_id: int, claim: int, result: AnnouncementResult) -> None:
        """Ignore it: there is none."""

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """Hand the events on."""
        for event in events:
            self._on_event(event)

    def build_secret(self, build_id: int, claim: int, name: str) -> str:
        """One of those that the run was given. Raises NotFoundError."""
        if name not in self._secrets:
            raise NotFoundError(f"no file of --secrets has {name}")
        return self._secrets[name]

    def check_secret(self, resource_id: int, claim: int, name: str) -> str:
        """One of those that the run was given. Raises NotFoundError."""
        return self.build_secret(resource_id, claim, name)

    def announcement_secret(self, announcement_id: int, claim: int, name: str) -> str:
        """One of those that the run was given. Raises NotFoundError."""
        return self.build_secret(announcement_id, claim, name)

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """Keep a stream under its SHA-256."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._artifacts, prefix="draft-", delete=False) as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        Path(file.name).rename(self._artifacts / digest.hexdigest())
        return digest.hexdigest()

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """Give it back. Raises NotFoundError for anything that this run did not store."""
        path = self._artifacts / digest
        if not path.is_file():
            raise NotFoundError(f"this run has stored no artifact {digest}")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
