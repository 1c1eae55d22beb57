"""What a worker has for the builds and checks that it runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import ClaimRef, Gateway, WorkerTerms
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.notifications.builtin import Notifiers, builtin_notifiers
from pikoci.internal.worker.process import User
from pikoci.internal.worker.reporting.reporter import Reporter
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.reporting.stream import ReportLimits
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import Commands, ProcessRunner
from pikoci.internal.worker.tools.container_program import ContainerProgram
from pikoci.internal.worker.tools.containers import Containers
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import LogIds
from pikoci.internal.worker.tools.margins import kill_grace
from pikoci.internal.worker.tools.removal import Remover
from pikoci.internal.worker.tools.spares import make_directories
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import Lender, Loan, OwnUser


@dataclass(slots=True, kw_only=True)
class Equipment:
    """All that the builds and checks of one worker have in common, and what is made from it for each.

    `terms` are the server's, known once the worker is registered. `ending` is set when nothing new may be taken.
    `users` lends each build and check whom it runs as, with `own_places` in namespaces of its own.
    """

    gateway: Gateway
    spawner: ProcessRunner
    remover: Remover
    settings: WorkerSettings
    clock: Clock
    random: Random
    resource_types: ResourceTypes
    terms: WorkerTerms
    notifiers: Notifiers = field(default_factory=builtin_notifiers)
    users: Lender = field(default_factory=OwnUser)
    own_places: bool = False
    make_directories: Callable[[Path], None] = make_directories
    ending: Event = field(default_factory=Event)
    container_program: ContainerProgram = field(init=False)

    def __post_init__(self) -> None:
        self.container_program = ContainerProgram(self.settings)

    def backoff(self) -> Backoff:
        """A new series of growing pauses."""
        return Backoff(self.settings.backoff_first, self.settings.backoff_longest, self.random)

    def reporter(
        self,
        ref: ClaimRef,
        control: BuildControl,
        ids: LogIds,
        refusal: str = "the server refused the report of this claim",
    ) -> Reporter:
        """What tells the server about a build. It abandons the build, by that reason, if the server refuses to listen.

        When the plan stops, the log no longer holds up what writes to it.
        """
        settings = self.settings
        limits = ReportLimits(settings.flush_interval, settings.flush_bytes, settings.buffer_limit)
        spool = SpoolFile(settings.spool_dir, ref)
        reporter = Reporter(
            self.gateway, spool, self.clock, self.backoff(), lambda: control.abandon(refusal), limits, ids
        )
        control.plan.on_stop(reporter.hurry)
        return reporter

    @contextmanager
    def workspace(self, root: Path, loan: Loan, work: str) -> Generator[Workspace]:
        """A workspace for the borrowed user, who runs nothing any more when it is removed.

        `work` names what is done: the same user gets the same again, if nobody else has that one meanwhile.
        """
        user = loan.take_up(work)
        with Workspace(root, self.remover.remove, user, self.make_directories) as workspace:
            try:
                yield workspace
            finally:
                loan.end_processes()

    def commands(self, lease: float, control: BuildControl, workspace: Workspace, team: str = "") -> Commands:
        """How to run commands under a lease of so many seconds, as the workspace's user; images are kept for `team`."""
        grace = kill_grace(lease, self.settings.lapse_margin, self.settings.kill_grace)
        user = workspace.user
        tmp = str(workspace.tmp) if self.own_places else ""
        whom = None if user is None else User(user.uid, user.gid, tmp)
        containers = Containers(self.container_program, self.settings, workspace, team, own_places=self.own_places)
        return Commands(self.spawner, grace, control, whom, containers)
