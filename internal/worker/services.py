"""What the parts of one worker share."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import Gateway, WorkerTerms
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.claims import kill_grace
from pikoci.internal.worker.execution.commands import Commands, ProcessRunner
from pikoci.internal.worker.execution.removal import Remover
from pikoci.internal.worker.execution.scope import BuildControl
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.settings import WorkerSettings


@dataclass(slots=True, kw_only=True)
class WorkerServices:
    """The worker's dependencies. `terms` are the server's, known once the worker is registered.
    `ending` is set when nothing new may be taken.
    """

    gateway: Gateway
    spawner: ProcessRunner
    remover: Remover
    settings: WorkerSettings
    clock: Clock
    random: Random
    resource_types: ResourceTypes
    terms: WorkerTerms
    ending: Event = field(default_factory=Event)

    def backoff(self) -> Backoff:
        """A new series of growing pauses."""
        return Backoff(self.settings.backoff_first, self.settings.backoff_longest, self.random)

    def commands(self, lease: float, control: BuildControl) -> Commands:
        """How to run commands under a lease of so many seconds."""
        grace = kill_grace(lease, self.settings.lapse_margin, self.settings.kill_grace)
        return Commands(self.spawner, grace, control)
