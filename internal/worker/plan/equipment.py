"""What the parts of one worker share."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import Gateway, WorkerTerms
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.process import User
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import Commands, ProcessRunner
from pikoci.internal.worker.tools.margins import kill_grace
from pikoci.internal.worker.tools.removal import Remover
from pikoci.internal.worker.tools.scope import BuildControl
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import Lender, OwnUser


@dataclass(slots=True, kw_only=True)
class Equipment:
    """The worker's dependencies. `terms` are the server's, known once the worker is registered.
    `ending` is set when nothing new may be taken. `users` lends each build and check whom it runs as, with `own_places`
    in namespaces of its own.
    """

    gateway: Gateway
    spawner: ProcessRunner
    remover: Remover
    settings: WorkerSettings
    clock: Clock
    random: Random
    resource_types: ResourceTypes
    terms: WorkerTerms
    users: Lender = field(default_factory=OwnUser)
    own_places: bool = False
    ending: Event = field(default_factory=Event)

    def backoff(self) -> Backoff:
        """A new series of growing pauses."""
        return Backoff(self.settings.backoff_first, self.settings.backoff_longest, self.random)

    def commands(self, lease: float, control: BuildControl, workspace: Workspace) -> Commands:
        """How to run commands under a lease of so many seconds, as the workspace's user."""
        grace = kill_grace(lease, self.settings.lapse_margin, self.settings.kill_grace)
        user = workspace.user
        tmp = str(workspace.tmp) if self.own_places else ""
        whom = None if user is None else User(user.uid, user.gid, tmp)
        return Commands(self.spawner, grace, control, whom)
