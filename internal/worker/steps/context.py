"""What the steps of one build share."""

from __future__ import annotations

from dataclasses import dataclass

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import BuildAssignment, Gateway
from pikoci.internal.worker.notifications.builtin import Notifiers
from pikoci.internal.worker.reporting.log_cap import HeadBudget, LogCap
from pikoci.internal.worker.reporting.reporter import EventSink
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.steps.caches import TaskCaches
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.commands import Commands
from pikoci.internal.worker.tools.environment import base_variables
from pikoci.internal.worker.tools.lifetime import BuildControl, Lifetime
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.runners import CommandLines
from pikoci.internal.worker.tools.secrets import SecretReader
from pikoci.internal.worker.tools.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """One build that runs here: its plan, its place on disk, and everything that serves it.

    What changes from step to step is in their `Scope`. `text` is what messages say that have no text of their own.
    """

    assignment: BuildAssignment
    settings: WorkerSettings
    gateway: Gateway
    reporter: EventSink
    control: BuildControl
    workspace: Workspace
    commands: Commands
    caches: TaskCaches
    resource_types: ResourceTypes
    notifiers: Notifiers
    clock: Clock
    masks: list[str]
    secrets: SecretReader
    head: HeadBudget
    tail_limit: int
    text: str = ""

    def command_lines(self, lifetime: Lifetime | None = None) -> CommandLines:
        """What turns `run` blocks of this build into argument vectors; secrets are read for them within `lifetime`."""
        whole = self.control.plan if self.control.plan.cause is None else self.control.cleanup
        return CommandLines(
            self.assignment.runner_types,
            self.workspace,
            Masker(self.masks),
            lambda value: self.secrets.fill(value, lifetime or whole),
            self._network(),
        )

    def _network(self) -> str:
        """The machine's own, on whose localhost built-in services are, for containers of jobs that have some."""
        builtin = {kind.name for kind in self.assignment.service_types if kind.builtin}
        return "host" if any(service.type in builtin for service in self.assignment.job.services) else ""

    def open_log(self, step: str) -> StepLog:
        """The log of a step; the build's own if `step` is empty."""
        return StepLog(self.reporter, step, Masker(self.masks), LogCap(self.head, self.tail_limit))

    def base_environment(self) -> dict[str, str]:
        """What every command of the build starts from."""
        return base_variables(self.settings.environment, self.workspace)
