"""Tasks: a command in the work directory, and what it hands to later steps."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.domain.plan import Command, TaskStep
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.exports import read_exports
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.environment import exported
from pikoci.internal.worker.tools.outcome import Outcome, StepError, failed

_SHOWN = 20  # entries of the work directory


def run_task(context: BuildContext, step: TaskStep, scope: Scope, log: StepLog) -> Outcome:
    """Run a task's command between its inputs and outputs, none of which is made here. Raises StepError and OSError."""
    _require(context, "inputs", step.inputs)
    context.caches.hand_over(step, context.base_environment(), scope.lifetime, log)
    outcome, output = run_command(context, step.run, scope, log)
    if outcome.ok:
        _require(context, "outputs", step.outputs)
        user = context.workspace.user
        values = read_exports(output, context.settings.export_limit, log.note, user.uid if user else None)
        scope.export(exported("TASK", step.name, values))
    return outcome


def run_command(context: BuildContext, command: Command, scope: Scope, log: StepLog) -> tuple[Outcome, Path]:
    """Run one command in the work directory; also the path of its `$PIKOCI_OUTPUT`. Raises StepError and OSError."""
    argv, env, output = command_line(context, command, scope)
    return context.commands.run(argv, env, context.workspace.work, scope.lifetime, log.write), output


def command_line(context: BuildContext, command: Command, scope: Scope) -> tuple[list[str], dict[str, str], Path]:
    """The arguments and environment of a command, and the path of its `$PIKOCI_OUTPUT`. Raises StepError."""
    output = context.workspace.private_path(".out")
    lines = context.command_lines(scope.lifetime)
    visible = {**scope.variables, **lines.parameters(command)}
    argv = lines.argv(command, visible)
    return argv, {**context.base_environment(), **visible, "PIKOCI_OUTPUT": str(output)}, output


def _require(context: BuildContext, kind: str, names: list[str]) -> None:
    """Raise StepError unless there is a file or directory of each of these names."""
    for name in names:
        try:
            context.workspace.inside(name)
        except ValueError as error:
            raise StepError(failed(str(error))) from error
    missing = [name for name in names if not context.workspace.has(name)]
    if missing:
        have = ", ".join(context.workspace.entries(_SHOWN)) or "nothing"
        raise StepError(failed(f"missing {kind}: {', '.join(missing)}; the work directory holds {have}"))
