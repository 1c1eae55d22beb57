"""What the parts of one build share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef, Gateway
from pikoci.internal.worker.reporting.log_cap import HeadBudget, LogCap
from pikoci.internal.worker.reporting.reporter import Reporter
from pikoci.internal.worker.resources.registry import ResourceTypes
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.commands import Commands
from pikoci.internal.worker.tools.environment import base_variables, build_variables
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.runners import Runners
from pikoci.internal.worker.tools.scope import BuildControl
from pikoci.internal.worker.tools.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """One build that runs here: its plan, its place on disk, and everything that serves it."""

    assignment: BuildAssignment
    settings: WorkerSettings
    gateway: Gateway
    reporter: Reporter
    control: BuildControl
    workspace: Workspace
    commands: Commands
    resource_types: ResourceTypes
    clock: Clock
    masks: list[str]
    head: HeadBudget
    tail_limit: int
    exports: dict[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> ClaimRef:
        """The claim that this build runs under."""
        return ClaimRef(build_id=self.assignment.build.id, claim=self.assignment.claim)

    @property
    def cache_root(self) -> Path:
        """Where resource types keep caches."""
        return self.settings.workdir / "cache"

    def runners(self) -> Runners:
        """The runners that this build can use."""
        return Runners(self.assignment.runner_types, self.workspace, Masker(self.masks))

    def open_log(self, step: str) -> StepLog:
        """The log of a step; the build's own if `step` is empty."""
        return StepLog(self.reporter, step, Masker(self.masks), LogCap(self.head, self.tail_limit))

    def base_environment(self) -> dict[str, str]:
        """What every command of the build starts from."""
        return base_variables(self.settings.environment, self.workspace)

    def visible_variables(self) -> dict[str, str]:
        """The variables that belong to the build, without those of the machine: what a runner's `$env` hands on."""
        return {**build_variables(self.assignment.build), **self.exports}
