"""A claimed build, from its workspace to its last event."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.gateway import BuildAssignment
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.plan.farewell import send_farewell
from pikoci.internal.worker.plan.notices import send_notices
from pikoci.internal.worker.plan.sequence import StepRunner
from pikoci.internal.worker.plan.services import Services
from pikoci.internal.worker.reporting.log_cap import HeadBudget
from pikoci.internal.worker.reporting.reporter import EventSink, Reporter
from pikoci.internal.worker.steps.caches import TaskCaches
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.environment import build_variables
from pikoci.internal.worker.tools.lifetime import BuildControl, CauseKind
from pikoci.internal.worker.tools.log_ids import build_ids
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import Outcome
from pikoci.internal.worker.tools.own_store import OwnStore
from pikoci.internal.worker.tools.secret_stores import reader_of
from pikoci.internal.worker.tools.secrets import collect_masks
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import Loan

_log = structlog.get_logger(__name__)

_BUILD_STATUS = {
    StepStatus.SUCCEEDED: BuildStatus.SUCCEEDED,
    StepStatus.FAILED: BuildStatus.FAILED,
    StepStatus.CANCELLED: BuildStatus.CANCELLED,
    StepStatus.ERRORED: BuildStatus.ERRORED,
}


def run_build(
    equipment: Equipment, assignment: BuildAssignment, control: BuildControl, reporter: Reporter, loan: Loan
) -> BuildFinished | BuildReturned:
    """Run a build in a directory of its own, and return its last event; the others went to `reporter`.

    Whatever happens, that event comes: the caller only delivers it.
    """
    build, worker = assignment.build, equipment.settings.name
    place = equipment.settings.workdir / "builds" / f"{build.id}-{assignment.claim}"
    try:
        with equipment.workspace(place, loan, f"{build.team}/{build.pipeline}/{build.job}") as workspace:
            settings = equipment.settings
            own = OwnStore(equipment.gateway.build_secret, build.id, assignment.claim, settings)
            context = context_of(equipment, assignment, control, reporter, workspace, own)
            last = run_plan(context)
            _put_caches_back(context, loan, last)
            return last
    except OSError as error:
        reason = f"the worker {worker} cannot use its disk: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a plan brings up, the worker lives on and the build ends
        _log.exception("build failed inside the worker", **build_ids(assignment))
        reason = f"an error inside the worker {worker}: {type(error).__name__}"
    return BuildFinished(status=BuildStatus.ERRORED, at=equipment.clock.now(), reason=reason)


def run_plan(context: BuildContext) -> BuildFinished | BuildReturned:
    """Send what a new version calls for, run the steps of a job beside its services, its hooks, send what its end does.

    Returns the event that ends the claim.

    The job's `timeout` bounds the steps, and the start of the services. Then, as after a cancellation, `on_cancel` and
    `ensure` still run. Services are stopped last, so that hooks can use them and show their logs.
    """
    job = context.assignment.job
    env = {**context.assignment.env, **job.env}
    whole = Scope(context.control.plan, build_variables(context.assignment.build), env, context.secrets)
    services = Services(context)
    runner = StepRunner(context)
    try:
        with whole.nested(job.timeout, "the job") as steps:
            outcome = send_notices(context, runner, steps)
            outcome = services.start(steps) if outcome.ok else outcome
            outcome = runner.run_all(job.steps, steps) if outcome.ok else runner.skip_all(job.steps, outcome)
        # Steps that are done have met their time limit: after them only a cancellation may still stop the job's hooks.
        outcome = runner.run_hooks(job.hooks, outcome, whole if steps.cause is None else steps, of_job=True)
    finally:
        services.stop(whole)
    return send_farewell(context, runner, whole, _last_event(context, outcome))


def context_of(
    equipment: Equipment,
    assignment: BuildAssignment,
    control: BuildControl,
    reporter: EventSink,
    workspace: Workspace,
    own: OwnStore,
    text: str = "",
) -> BuildContext:
    """What steps of the plan run with; `text` is that of messages that have none."""
    commands = equipment.commands(assignment.lease, control, workspace, assignment.build.team)
    root, remove = equipment.settings.workdir / "cache", equipment.remover.remove
    masks = collect_masks(assignment.masks, assignment.resources, assignment.resource_types)
    return BuildContext(
        assignment=assignment,
        settings=equipment.settings,
        gateway=equipment.gateway,
        reporter=reporter,
        control=control,
        workspace=workspace,
        commands=commands,
        caches=TaskCaches(root, assignment.build, workspace, commands, equipment.clock, remove),
        resource_types=equipment.resource_types,
        notifiers=equipment.notifiers,
        clock=equipment.clock,
        masks=masks,
        secrets=reader_of(assignment, masks, commands, workspace, equipment.settings, own),
        text=text,
        head=HeadBudget(equipment.terms.log_head_limit),
        tail_limit=equipment.terms.log_tail_limit,
    )


def _put_caches_back(context: BuildContext, loan: Loan, last: BuildFinished | BuildReturned) -> None:
    """Keep the caches of tasks, once nothing runs that could still write to them."""
    if context.caches and loan.end_processes():
        succeeded = isinstance(last, BuildFinished) and last.status is BuildStatus.SUCCEEDED
        context.caches.put_back(succeeded=succeeded)


def _last_event(context: BuildContext, outcome: Outcome) -> BuildFinished | BuildReturned:
    at = context.clock.now()
    cause = context.control.plan.cause
    if cause is not None and cause.kind in {CauseKind.RETURNED, CauseKind.ABANDONED}:
        return BuildReturned(at=at, reason=cause.reason)
    if cause is not None:
        return BuildFinished(status=BuildStatus.CANCELLED, at=at, reason=cause.reason)
    reason = Masker(context.masks).mask_text(outcome.reason)
    return BuildFinished(status=_BUILD_STATUS[outcome.status], at=at, reason=reason)
