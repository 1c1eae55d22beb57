"""A claimed announcement, from its workspace to its result."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import AnnouncementAssignment, AnnouncementResult
from pikoci.internal.worker.plan.build import context_of
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.kinds import act
from pikoci.internal.worker.steps.notify import pause_before
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import build_variables, exported
from pikoci.internal.worker.tools.lifetime import BuildControl, Lifetime
from pikoci.internal.worker.tools.log_ids import announcement_ids
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome
from pikoci.internal.worker.tools.own_store import OwnStore
from pikoci.internal.worker.users import Loan

_log = structlog.get_logger(__name__)
_EXCERPT = 500


class _Said:
    """Takes what a build would report, and keeps the end of what the last try printed."""

    def __init__(self) -> None:
        self.tail = Tail(_EXCERPT)

    def emit(self, event: BuildEvent) -> None:
        """Forget it: there is no build whose steps could be shown."""

    def log(self, step: str, data: bytes) -> None:
        """Keep its end."""
        self.tail.write(data)


def send_announcement(
    equipment: Equipment, assignment: AnnouncementAssignment, control: BuildControl, lifetime: Lifetime, loan: Loan
) -> AnnouncementResult:
    """Send the message, tried as often as others. Whatever happens, a result comes: the caller only delivers it."""
    build, said, settings = assignment.work.build, _Said(), equipment.settings
    place = settings.workdir / "checks" / f"announcement-{assignment.announcement_id}-{assignment.claim}"
    ask = equipment.gateway.announcement_secret
    own = OwnStore(ask, assignment.announcement_id, assignment.claim, settings)
    masks = assignment.work.masks
    try:
        with equipment.workspace(place, loan, f"{build.team}/{build.pipeline}/{build.job}") as workspace:
            context = context_of(equipment, assignment.work, control, said, workspace, own, assignment.text)
            masks = context.masks
            outcome = _send(context, lifetime, said)
        reason = "" if outcome.ok else ": ".join(filter(None, [outcome.reason, said.tail.text()]))
    except OSError as error:
        reason = f"the worker cannot use its disk: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a message brings up, the worker lives on
        _log.exception("announcement failed inside the worker", **announcement_ids(assignment))
        reason = f"an error inside the worker: {type(error).__name__}"
    return AnnouncementResult(error=Masker(masks).mask_text(reason))


def _send(context: BuildContext, lifetime: Lifetime, said: _Said) -> Outcome:
    """Try until it succeeds, as often as other messages. Their commands see the versions that the build will get."""
    work, settings = context.assignment, context.settings
    (step,) = work.job.steps
    known = build_variables(work.build) | {"BUILD_STATUS": BuildStatus.WAITING.value}
    for get, version in work.inputs.items():
        known |= exported("GET", get, version)
    scope = Scope(lifetime, known, {**work.env, **work.job.env}, context.secrets)
    attempts = len(settings.notify_pauses) + 1
    outcome = SUCCESS
    for number in range(1, attempts + 1):
        context.secrets.forget()
        said.tail = Tail(_EXCERPT)
        log = context.open_log(step.id)
        with scope.nested(settings.notify_timeout) as attempt:
            outcome = act(context, step, attempt, log)
        log.finish()
        if outcome.ok or lifetime.cause is not None or number == attempts:
            break
        pause_before(context, number, lifetime)
    return outcome
