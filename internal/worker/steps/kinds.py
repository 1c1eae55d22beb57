"""What a step does, once: without attempts, time limits and hooks."""

from __future__ import annotations

from pikoci.internal.domain.plan import ConditionStep, GetStep, InParallelStep, NotifyStep, PutStep, Step, TaskStep
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.notify import notify
from pikoci.internal.worker.steps.resource import get, put
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.steps.task import run_task
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, disk_trouble


def act(context: BuildContext, step: Step, scope: Scope, log: StepLog) -> Outcome:
    """Do what a step says, once. A disk that is full or files that are gone end the step, not the worker."""
    try:
        match step:
            case TaskStep():
                return run_task(context, step, scope, log)
            case GetStep():
                get(context, step, scope, log)
            case PutStep():
                put(context, step, scope, log)
            case NotifyStep():
                return notify(context, step, scope, log)
    except StepError as error:
        return error.outcome
    except OSError as error:
        return disk_trouble(error, context.workspace.work)
    return SUCCESS


def kind_of(step: Step) -> str:
    """The word that opens its block: `get`, `task`, `in_parallel`."""
    return step.word if isinstance(step, ConditionStep) else str(type(step).__struct_config__.tag)


def shown_name(step: Step) -> str:
    """What people are shown beside the kind: the step's name, its condition, or how many steps are in it."""
    if isinstance(step, ConditionStep):
        return step.name or step.condition
    if isinstance(step, InParallelStep):
        return f"{len(step.steps)} {'step' if len(step.steps) == 1 else 'steps'}"
    return step.name


def title_of(step: Step) -> str:
    """What reasons call it: `task "unit"`, `in_parallel`."""
    return f'{kind_of(step)} "{step.name}"' if step.name else kind_of(step)
