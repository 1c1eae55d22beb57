"""Which workers are there: they register, send heartbeats, and are told what is wanted of them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence

from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError, NameTakenError, NotFoundError, PermissionDeniedError
from pikoci.internal.domain.gateway import (
    ClaimRef,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)
from pikoci.internal.domain.pipeline import WorkerState, WorkerToken
from pikoci.internal.domain.wire import instance_key, is_earlier_start
from pikoci.internal.service.lifecycle.requeue import TakeBack
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE, build_topic, worker_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.fleet import ENDED
from pikoci.internal.service.plumbing.tokens import WorkerClaims

_CORDON, _UNCORDON = WorkerCommand(kind="cordon"), WorkerCommand(kind="uncordon")


class Presence:
    """Keeps the workers' rows true, renews leases, and takes back what a process that is dead ran."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def register(self, hello: WorkerHello, opens: WorkerClaims, address: str = "") -> WorkerTerms:
        """See `Gateway.register`; `opens` is what the worker's token says, `address` where it asks from."""
        settings = self._context.settings
        _require_tags(hello, opens)
        now = self._context.clock.now()
        with self._store.transaction():
            known = self._store.workers.register(hello, now, team=opens.team, token_id=opens.id)
            taken: list[int] = []
            if known is not None and self._was_started_again(known, hello, opens):
                taken = self._take_back(known.name, known.instance, f"worker {hello.name} was started again")
            if opens.id:
                self._store.worker_tokens.remember(
                    WorkerToken(id=opens.id, team=opens.team, created_at=opens.issued_at, tags=opens.tags)
                )
        if known is None or known.instance != hello.instance:
            self._context.audit.count(_joining(hello, opens, address))
        self._store.after_commit(self._context.fleet.forget)
        for build_id in taken:
            self._context.notify(build_topic(build_id))
        self._context.notify(SCHEDULE, CHECKS, worker_topic(hello.name))
        return WorkerTerms(
            heartbeat_interval=settings.heartbeat_interval,
            lease=settings.lease,
            log_head_limit=settings.log_head_limit,
            log_tail_limit=settings.log_tail_limit,
            check_timeout=settings.check_timeout,
            cordoned=known is not None and known.cordoned,
        )

    def _was_started_again(self, known: WorkerState, hello: WorkerHello, opens: WorkerClaims) -> bool:
        """Whether `known` is an earlier process of this worker that is certainly dead, with all that it ran.

        Two processes at one place are told apart by the lock on their directory; anywhere else, only silence tells.
        Raises NameTakenError while another process may be alive, ConflictError for a message that came late.
        """
        if known.instance == hello.instance:
            return False
        embedded = not opens.id and not known.token_id
        related = embedded or instance_key(known.instance) == instance_key(hello.instance)
        if self._context.fleet.is_gone(known):
            return related and hello.place == known.place != ""
        if is_earlier_start(hello.instance, known.instance):
            raise ConflictError(
                f"worker {hello.name} was started again since",
                hint="a copy of a worker needs a --workdir of its own; one from a backup may start after a lease",
            )
        if related and (hello.place == known.place or not known.place or not hello.place):
            return hello.place == known.place != ""  # an older release does not say: then leases tell
        until = known.last_seen_at + self._context.settings.lease - self._context.clock.now()
        raise NameTakenError(
            f"another process is connected as worker {hello.name}, from another directory or machine",
            hint="give each worker a name of its own with --name, and a copy of a machine a new --workdir, too",
            retry_after=max(0.0, until) + 1,
        )

    def _take_back(self, name: str, instance: str, why: str, kept: Collection[ClaimRef] = ()) -> list[int]:
        """Run again what this process ran, which is dead, but for the claims that are `kept`; the builds' ids."""
        self._store.resources.requeue_checks_of(name, instance, self._context.clock.now())
        self._store.announcements.requeue_of(name, instance)
        taken = []
        for known, holder in self._store.builds.started_by(name):
            if holder != instance or ClaimRef(id=known.id, claim=known.claim) in kept:
                continue
            build = self._store.builds.lock(known.id)
            if build is not None and build.status is BuildStatus.STARTED and build.claim == known.claim:
                TakeBack(self._context).lost(build, why)
                taken.append(build.id)
        self._context.measures.leases_taken_back["build"] += len(taken)
        return taken

    def _end(self, beat: Heartbeat) -> HeartbeatReply:
        """The last heartbeat of a process, also of one whose name another has taken: what it ran is dead."""
        now = self._context.clock.now()
        with self._store.transaction():
            self._store.workers.seen(beat.name, beat.instance, beat.state, now)
            why = f"worker {beat.name} ended"
            taken = self._take_back(beat.name, beat.instance, why, frozenset(beat.builds))
        self._store.after_commit(self._context.fleet.forget)
        self._context.notify(SCHEDULE, CHECKS, *map(build_topic, taken))
        return HeartbeatReply()

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """See `Gateway.heartbeat`.

        Raises NotFoundError when the worker is not registered (register again), and ConflictError when another
        instance took its name over (stop everything).
        """
        if beat.state == ENDED:
            return self._end(beat)
        now = self._context.clock.now()
        until = now + self._context.settings.lease
        with self._store.transaction():
            state = self._store.workers.seen(beat.name, beat.instance, beat.state, now)
            if state is None:
                raise self._unknown(beat.name)
            builds: set[int] = set()
            checks: set[int] = set()
            announcements: set[int] = set()
            if beat.builds:
                builds = self._store.builds.renew(beat.name, beat.instance, beat.builds, until)
            if beat.checks:
                checks = self._store.resources.renew_checks(beat.name, beat.instance, beat.checks, until)
            if beat.announcements:
                held = beat.announcements
                announcements = self._store.announcements.renew(beat.name, beat.instance, held, until)
        return HeartbeatReply(
            lost=[ref for ref in beat.builds if ref.id not in builds],
            lost_checks=[ref for ref in beat.checks if ref.id not in checks],
            lost_announcements=[ref for ref in beat.announcements if ref.id not in announcements],
            commands=self._wanted(state, beat.state, beat.builds),
        )

    def _unknown(self, name: str) -> NotFoundError | ConflictError:
        if self._store.workers.get(name) is None:
            return NotFoundError(f"worker {name} is not registered", hint="register again")
        return ConflictError(
            f"another process registered as worker {name}", hint="give each worker a name of its own with --name"
        )

    def commands(self, name: str, instance: str) -> Generator[WorkerCommand | None, None, None]:
        """See `Gateway.commands`; ends when another instance of the name registers, or the bus closes."""
        settings = self._context.settings
        given: set[WorkerCommand] = set()
        with self._context.bus.subscribe(worker_topic(name)) as wakeup:
            while not self._context.bus.closed:
                state = self._store.workers.get(name)
                if state is None or state.instance != instance or self._is_revoked(state):
                    return
                wanted = set(self._wanted(state, state.state, None))
                if _CORDON in given and not state.wanted:
                    wanted.add(_UNCORDON)  # it may have obeyed and not said so yet
                yield from sorted(wanted - given, key=lambda command: (command.kind, command.build_id))
                given = wanted
                if not wakeup.wait(settings.heartbeat_interval):
                    yield None

    def _is_revoked(self, state: WorkerState) -> bool:
        return bool(state.token_id) and self._context.revocations.contains(state.token_id)

    def _wanted(self, state: WorkerState, reported: str, held: Sequence[ClaimRef] | None) -> list[WorkerCommand]:
        """What is to be told to a worker that says it is in the state `reported` and holds these claims (None: all)."""
        commands: list[WorkerCommand] = []
        if state.draining and reported != "draining":
            commands.append(WorkerCommand(kind="drain"))
        elif state.cordoned and reported == "running":
            commands.append(_CORDON)
        elif not state.wanted and reported == "cordoned":
            commands.append(_UNCORDON)
        if held is None or held:
            commands += [
                WorkerCommand(kind="cancel", build_id=build.id, claim=build.claim, reason=build.cancel_reason)
                for build, holder in self._store.builds.started_by(state.name)
                if build.cancel_requested_at is not None and holder == state.instance
            ]
        return commands


def _require_tags(hello: WorkerHello, opens: WorkerClaims) -> None:
    """Return if the token carries all tags that the worker says it has. Raises PermissionDeniedError."""
    if lacking := opens.lacks(hello.tags):
        mine = ", ".join(opens.tags or []) or "none"
        raise PermissionDeniedError(
            f"the worker's token does not carry the tag {lacking[0]}",
            hint=f"it carries {mine}: leave the tag out of --tags, or make another by `pikoci worker-token --tags`",
        )


def _joining(hello: WorkerHello, opens: WorkerClaims, address: str) -> AuditEntry:
    return AuditEntry(
        action="worker.join",
        actor=f"worker {hello.name}",
        token=f"worker token {opens.id}" if opens.id else "",
        object=hello.name,
        team=opens.team,
        address=address,
    )
