"""What workers ask of the server."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence

from pikoci.internal.domain.errors import InvalidError
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
from pikoci.internal.service.lifecycle.announcing import Announcements
from pikoci.internal.service.lifecycle.artifacts import Artifacts
from pikoci.internal.service.lifecycle.checks import Checks
from pikoci.internal.service.lifecycle.claims import Claims
from pikoci.internal.service.lifecycle.own_secrets import OwnSecrets
from pikoci.internal.service.lifecycle.presence import Presence
from pikoci.internal.service.lifecycle.reporting import Reports
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context


class WorkerGateway:
    """The `Gateway` itself: without a `remote` worker as the embedded one uses it, else bound to that one.

    A remote worker speaks for itself alone: for its own name and instance, and on its own claims.
    """

    def __init__(self, context: Context, remote: Claimant | None = None) -> None:
        self._context = context
        self._remote = remote
        self._presence = Presence(context)
        self._claims = Claims(context)
        self._reports = Reports(context)
        self._checks = Checks(context)
        self._announcements = Announcements(context)
        self._artifacts = Artifacts(context)
        self._secrets = OwnSecrets(context)

    def opened_by(self, remote: Claimant) -> WorkerGateway:
        """The gateway as this remote worker may use it."""
        return WorkerGateway(self._context, remote)

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """See `Gateway.register`. Raises InvalidError for somebody else's name."""
        claimant = self._claimant(hello.name, hello.instance)
        return self._presence.register(hello, claimant.opens, claimant.address)

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """See `Gateway.heartbeat`. Raises InvalidError for somebody else's name."""
        self._claimant(beat.name, beat.instance)
        return self._presence.heartbeat(beat)

    def commands(self, name: str, instance: str) -> Generator[WorkerCommand | None, None, None]:
        """See `Gateway.commands`; ends when another instance of the name registers, or the bus closes."""
        self._claimant(name, instance)
        return self._presence.commands(name, instance)

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        """See `Gateway.claim_build`."""
        return self._claims.claim(build_id, self._claimant(worker, instance))

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """See `Gateway.report`."""
        self._reports.report(build_id, claim, first, events, self._remote)

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        """See `Gateway.claim_check`."""
        return self._checks.claim(resource_id, self._claimant(worker, instance))

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """See `Gateway.finish_check`."""
        self._checks.finish(resource_id, claim, result, self._remote)

    def claim_announcement(self, announcement_id: int, worker: str, instance: str) -> AnnouncementAssignment:
        """See `Gateway.claim_announcement`."""
        return self._announcements.claim(announcement_id, self._claimant(worker, instance))

    def finish_announcement(self, announcement_id: int, claim: int, result: AnnouncementResult) -> None:
        """See `Gateway.finish_announcement`."""
        self._announcements.finish(announcement_id, claim, result, self._remote)

    def build_secret(self, build_id: int, claim: int, name: str) -> str:
        """See `Gateway.build_secret`."""
        return self._secrets.of_build(build_id, claim, name, self._remote)

    def check_secret(self, resource_id: int, claim: int, name: str) -> str:
        """See `Gateway.check_secret`."""
        return self._secrets.of_check(resource_id, claim, name, self._remote)

    def announcement_secret(self, announcement_id: int, claim: int, name: str) -> str:
        """See `Gateway.announcement_secret`."""
        return self._secrets.of_announcement(announcement_id, claim, name, self._remote)

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """See `Gateway.store_artifact`."""
        return self._artifacts.store(build_id, claim, chunks, self._remote)

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """See `Gateway.load_artifact`."""
        return self._artifacts.load(build_id, claim, digest, self._remote)

    def _claimant(self, name: str, instance: str) -> Claimant:
        """Who asks under this name. Raises InvalidError where a remote worker gives another's."""
        if self._remote is None:
            return Claimant(name, instance)
        if (name, instance) != (self._remote.name, self._remote.instance):
            raise InvalidError("the body names another worker than the headers of the request")
        return self._remote
