"""A server kept in memory: strict about fencing tokens and gaps, and as unreachable as a test wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import gevent
import msgspec
from gevent.queue import Queue

from pikoci.internal.domain.errors import ConflictError, NotFoundError, StaleClaimError, UnavailableError
from pikoci.internal.domain.events import (
    BuildEvent,
    BuildFinished,
    BuildReturned,
    LogWritten,
    StepFinished,
    StepStarted,
    VersionProduced,
)
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    ClaimRef,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)

_codec = msgspec.msgpack.Decoder(list[BuildEvent])


@dataclass
class Record:
    """What the server knows of one build."""

    assignment: BuildAssignment
    claimed_by: str = ""
    claim: int = 0
    events: list[BuildEvent] = field(default_factory=list)

    @property
    def last(self) -> BuildEvent | None:
        return self.events[-1] if self.events else None

    @property
    def ended(self) -> bool:
        return isinstance(self.last, BuildFinished | BuildReturned)

    @property
    def end(self) -> BuildFinished:
        assert isinstance(self.last, BuildFinished), self.events
        return self.last

    def log(self, step: str | None = None) -> bytes:
        chunks = [event for event in self.events if isinstance(event, LogWritten)]
        return b"".join(chunk.data for chunk in chunks if step is None or chunk.step == step)

    def steps(self) -> dict[str, str]:
        return {event.step: str(event.status) for event in self.events if isinstance(event, StepFinished)}

    def reason(self, step: str) -> str:
        return next(event.reason for event in self.events if isinstance(event, StepFinished) and event.step == step)

    def started(self) -> list[str]:
        return [event.step for event in self.events if isinstance(event, StepStarted)]

    def versions(self) -> list[VersionProduced]:
        return [event for event in self.events if isinstance(event, VersionProduced)]


class FakeGateway:
    """Keeps the contract of `Gateway`. `away` makes every call raise UnavailableError; `calls` counts them."""

    def __init__(self, terms: WorkerTerms | None = None) -> None:
        self.terms = terms or WorkerTerms(heartbeat_interval=0.05, lease=30.0)
        self.away = False
        self.away_for: dict[str, int] = {}  # so many calls of a name are not answered
        self.lose_answers = 0  # so many reports are taken, but their answers get lost
        self.calls: dict[str, int] = {}
        self.builds: dict[int, Record] = {}
        self.checks: dict[int, CheckAssignment] = {}
        self.results: dict[int, CheckResult] = {}
        self.announcements: dict[int, AnnouncementAssignment] = {}
        self.announced: dict[int, AnnouncementResult] = {}
        self.beats: list[Heartbeat] = []
        self.hellos: list[WorkerHello] = []
        self.wanted: list[WorkerCommand] = []
        self.lost: list[ClaimRef] = []
        self.lost_announcements: list[ClaimRef] = []
        self.pushed: Queue[WorkerCommand | None] = Queue()
        self.artifacts: dict[str, bytes] = {}
        self.secrets: dict[str, str | Exception] = {}
        self.on_report: Callable[[int], None] = lambda _: None
        self.report_keeps_log = True
        self.log_bytes = 0

    def add_build(self, assignment: BuildAssignment) -> Record:
        record = Record(assignment)
        self.builds[assignment.build.id] = record
        return record

    def register(self, hello: WorkerHello) -> WorkerTerms:
        self._enter("register")
        self.hellos.append(hello)
        return self.terms

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        self._enter("heartbeat")
        self.beats.append(beat)
        announcements = list(self.lost_announcements)
        return HeartbeatReply(lost=list(self.lost), lost_announcements=announcements, commands=list(self.wanted))

    def commands(self, name: str, instance: str) -> Iterator[WorkerCommand | None]:
        self._enter("commands")
        while True:
            yield self.pushed.get()

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        self._enter("claim_build")
        record = self.builds.get(build_id)
        holder = f"{worker}/{instance}"
        if record is None or record.ended or record.claimed_by not in {"", holder}:
            raise ConflictError(f"build {build_id} cannot be had")
        record.claimed_by = holder
        record.claim = record.assignment.claim
        return record.assignment

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        self._enter("report")
        self.on_report(build_id)
        record = self.builds[build_id]
        if claim != record.claim:
            raise StaleClaimError(f"claim {claim} of build {build_id} is old")
        known = len(record.events)
        if first > known + 1:
            raise ConflictError(f"gap: {known} events are known, and {first} came")
        copies = _codec.decode(msgspec.msgpack.encode(list(events)))
        repeated = copies[: known + 1 - first]
        assert record.events[first - 1 : known][: len(repeated)] == repeated, "a repeated event differs"
        new = copies[known + 1 - first :]
        assert not (record.ended and new), "an event after the last one"
        self.log_bytes += sum(len(event.data) for event in new if isinstance(event, LogWritten))
        if not self.report_keeps_log:
            new = [msgspec.structs.replace(e, data=b"") if isinstance(e, LogWritten) else e for e in new]
        record.events += new
        if self.lose_answers:
            self.lose_answers -= 1
            raise UnavailableError("the answer got lost")

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        self._enter("claim_check")
        if resource_id not in self.checks:
            raise ConflictError("no such check")
        return self.checks[resource_id]

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        self._enter("finish_check")
        if self.checks[resource_id].claim != claim:
            raise StaleClaimError("old claim")
        self.results.setdefault(resource_id, result)

    def claim_announcement(self, announcement_id: int, worker: str, instance: str) -> AnnouncementAssignment:
        self._enter("claim_announcement")
        if announcement_id not in self.announcements:
            raise ConflictError("no such announcement")
        return self.announcements[announcement_id]

    def finish_announcement(self, announcement_id: int, claim: int, result: AnnouncementResult) -> None:
        self._enter("finish_announcement")
        if self.announcements[announcement_id].claim != claim:
            raise StaleClaimError("old claim")
        self.announced.setdefault(announcement_id, result)

    def announcement_secret(self, announcement_id: int, claim: int, name: str) -> str:
        self._enter("announcement_secret")
        if self.announcements[announcement_id].claim != claim:
            raise StaleClaimError("old claim")
        return self._secret(name)

    def build_secret(self, build_id: int, claim: int, name: str) -> str:
        self._enter("build_secret")
        if self.builds[build_id].claim != claim:
            raise StaleClaimError("old claim")
        return self._secret(name)

    def check_secret(self, resource_id: int, claim: int, name: str) -> str:
        self._enter("check_secret")
        if self.checks[resource_id].claim != claim:
            raise StaleClaimError("old claim")
        return self._secret(name)

    def _secret(self, name: str) -> str:
        if name not in self.secrets:
            raise NotFoundError(f"neither pipeline nor team has a secret {name}")
        found = self.secrets[name]
        if isinstance(found, Exception):
            raise found
        return found

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        self._enter("store_artifact")
        if self.builds[build_id].claim != claim:
            raise StaleClaimError("old claim")
        data = b"".join(chunks)
        digest = hashlib.sha256(data).hexdigest()
        self.artifacts[digest] = data
        return digest

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        self._enter("load_artifact")
        if digest not in self.artifacts:
            raise NotFoundError(f"there is no artifact {digest}")
        data = self.artifacts[digest]
        return (data[start : start + 65536] for start in range(0, len(data), 65536))

    def _enter(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        gevent.sleep(0)  # a real call yields
        if self.away_for.get(name, 0) > 0:
            self.away_for[name] -= 1
            raise UnavailableError("the server is away for this call")
        if self.away:
            raise UnavailableError("the server is away")
