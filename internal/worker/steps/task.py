"""Tasks: a command in the work directory, and what it hands to later steps."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.domain.plan import Command, TaskStep
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.exports import read_exports
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.environment import exported
from pikoci.internal.worker.tools.outcome import Outcome, StepError, errored


def run_task(context: BuildContext, step: TaskStep, scope: Scope, log: StepLog) -> Outcome:
    """Run a task's command between its inputs and outputs. Raises StepError and OSError."""
    _require_inputs(context, step.inputs)
    for name in step.outputs:
        _inside(context, name)
        context.workspace.make_directory(name)
    outcome, output = run_command(context, step.run, scope, log)
    if outcome.ok:
        user = context.workspace.user
        values = read_exports(output, context.settings.export_limit, user.uid if user else None)
        scope.export(exported("TASK", step.name, values))
    return outcome


def run_command(context: BuildContext, command: Command, scope: Scope, log: StepLog) -> tuple[Outcome, Path]:
    """Run one command in the work directory; also the path of its `$PIKOCI_OUTPUT`. Raises StepError and OSError."""
    output = context.workspace.private_path(".out")
    lines = context.command_lines()
    visible = {**scope.variables, **lines.parameters(command)}
    argv = lines.argv(command, visible)
    env = {**context.base_environment(), **visible, "PIKOCI_OUTPUT": str(output)}
    return context.commands.run(argv, env, context.workspace.work, scope.lifetime, log.write), output


def _require_inputs(context: BuildContext, names: list[str]) -> None:
    for name in names:
        _inside(context, name)
    missing = [name for name in names if not context.workspace.has_directory(name)]
    if missing:
        there = context.workspace.directories()
        have = ", ".join(there) or "no directories"
        raise StepError(errored(f"missing inputs: {', '.join(missing)}; the work directory holds {have}"))


def _inside(context: BuildContext, name: str) -> Path:
    try:
        return context.workspace.inside(name)
    except ValueError as error:
        raise StepError(errored(str(error))) from error
