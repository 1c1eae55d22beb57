"""People's approval of builds: what a job asks for, what one build waits for, and the votes on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.times import short_duration

#: A job has at most so many `approve` blocks.
MAX_APPROVALS = 20
#: And in them at most so many `notify` blocks.
MAX_ANNOUNCEMENTS = 50
#: Characters of what somebody says with a vote.
MAX_VOTE_REASON = 1000
#: What a rejection's reason must have one other character than.
_SPACE = " \t\r\n"
#: The same for schemas.
VOTE_REASON_PATTERN = r"[^ \t\r\n]"


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An `approve` block of a job: so many people must approve its builds. `timeout` is in seconds, 0: none."""

    label: str
    approvals: int = 1
    timeout: float = 0.0


class Gate(Approval, frozen=True, kw_only=True, omit_defaults=True):
    """What one build waits for, as its job asked for it when the build began to wait.

    It comes too late after `until`, seconds since the epoch; None: never.
    """

    until: float | None = None


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """What a person, by name, says of one label of a build. There is one for each person and label, the last."""

    build_id: int
    label: str
    voter: str
    approves: bool
    reason: str = ""
    at: float = 0.0


class GateStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A gate with the votes on it, in the order in which they came."""

    gate: Gate
    votes: list[Vote] = []

    @property
    def given(self) -> int:
        """How many people approve."""
        return sum(vote.approves for vote in self.votes)

    @property
    def missing(self) -> int:
        """How many more are needed."""
        return max(0, self.gate.approvals - self.given)

    @property
    def sentence(self) -> str:
        """`release has 1 of 2 approvals`."""
        return f"{self.gate.label} has {self.given} of {self.gate.approvals} approvals"


def gates_of(approvals: Iterable[Approval], now: float) -> list[Gate]:
    """What a build waits for that begins to wait now."""
    return [Gate(**msgspec.structs.asdict(one), until=now + one.timeout if one.timeout else None) for one in approvals]


def standings(gates: Iterable[Gate], votes: Sequence[Vote] = ()) -> list[GateStanding]:
    """The gates, each with its votes."""
    return [GateStanding(gate=gate, votes=[vote for vote in votes if vote.label == gate.label]) for gate in gates]


def open_gates(gates: Iterable[Gate], votes: Sequence[Vote] = ()) -> list[GateStanding]:
    """Those of the gates that do not have the approvals that they need."""
    return [one for one in standings(gates, votes) if one.missing]


def waits_until(still_open: Iterable[GateStanding]) -> float | None:
    """When the first of these gates has waited for too long; None if they wait for ever."""
    return min((one.gate.until for one in still_open if one.gate.until is not None), default=None)


def waiting_reason(still_open: Iterable[GateStanding]) -> str:
    """Why a build waits, for people."""
    return f"needs approval: {', '.join(one.sentence for one in still_open)}"


def timeout_reason(still_open: Iterable[GateStanding], now: float) -> str:
    """Why a build failed that nobody approved in time."""
    late = [one for one in still_open if one.gate.until is not None and one.gate.until <= now]
    return (
        f"not approved in time: {', '.join(f'{one.sentence} after {short_duration(one.gate.timeout)}' for one in late)}"
    )


def rejection_reason(vote: Vote) -> str:
    """Why a build failed that somebody rejected."""
    return f"{vote.label} was rejected by {vote.voter}: {vote.reason}"


def gate_named(gates: Sequence[Gate], label: str) -> str:
    """The label that a vote is about; an empty one stands for the only one. Raises ConflictError and NotFoundError."""
    labels = [gate.label for gate in gates]
    listed = ", ".join(labels)
    if not label and len(labels) == 1:
        return labels[0]
    if not label:
        raise ConflictError("the build waits for several approvals", hint=f"say for which you vote: {listed}")
    if label not in labels:
        raise NotFoundError(f"the build waits for no approval `{label[:100]}`", hint=f"it waits for {listed}")
    return label


def stated_reason(reason: str, *, approves: bool) -> str:
    """What somebody says with a vote, without space around it. Raises InvalidError: a rejection must say why."""
    text = reason.strip(_SPACE)
    if len(text) > MAX_VOTE_REASON:
        raise InvalidError(f"the reason has more than {MAX_VOTE_REASON} characters", hint="say it shorter")
    if not text and not approves:
        raise InvalidError("a rejection needs a reason", hint="say in a sentence why the build must not run")
    return text


def no_vote(job: str, number: str, status: str, *, resolved: bool) -> ConflictError:
    """Why nobody can vote on a build that does not wait for approval."""
    name = full_name(job, number=number)
    if status == "pending" and not resolved:
        return ConflictError(f"build {name} has no inputs yet that could be approved", hint="vote when it has")
    if status in {"pending", "started"}:
        return ConflictError(f"build {name} waits for no approval: it is {status}")
    return ConflictError(f"build {name} has ended: it is {status}", hint="retry it, or trigger a new build")
