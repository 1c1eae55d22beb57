"""How a step, hook or plan ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.worker.tools.lifetime import Cause, CauseKind


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason` says in one sentence why it did not succeed; `cause` is set when it was stopped from outside."""

    status: StepStatus
    reason: str = ""
    exit_code: int | None = None
    cause: Cause | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status is StepStatus.SUCCEEDED


GONE = "the work directory is gone; a command must have deleted it"
SUCCESS = Outcome(StepStatus.SUCCEEDED)


def errored(reason: str) -> Outcome:
    """It could not be run, which is the fault of a worker or of its machine."""
    return Outcome(StepStatus.ERRORED, reason)


def failed(reason: str, exit_code: int | None = None) -> Outcome:
    """It did not do its work, or could not begin it, for want of a program or an input."""
    return Outcome(StepStatus.FAILED, reason, exit_code)


def stopped(cause: Cause) -> Outcome:
    """It was stopped: a time limit is a failure, all else a cancellation."""
    status = StepStatus.FAILED if cause.kind is CauseKind.TIMEOUT else StepStatus.CANCELLED
    return Outcome(status, cause.reason, cause=cause)


def disk_trouble(error: OSError, directory: Path) -> Outcome:
    """The end of a step that met `error` in the work directory `directory`."""
    if not directory.is_dir():
        return failed(GONE)
    return errored(f"the worker cannot use its disk: {error}")


class StepError(Exception):
    """A step ends here with `outcome`; raised by what a step is made of, caught where the step is run."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
