"""Marks the use cases that leave an entry in the audit log."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.errors import NotFoundError, PermissionDeniedError, PikociError, RateLimitedError
from pikoci.internal.domain.naming import full_name
from pikoci.internal.service.plumbing.audit import Running
from pikoci.internal.service.use_cases.access import name_of

P = ParamSpec("P")
T = TypeVar("T")
#: The action itself, or what tells it from the arguments' values by their names.
Action = str | Callable[[Mapping[str, Any]], str]


def audited(action: Action, names: str = "", *, tells: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The use case leaves an entry once it is done, and one where it is refused to somebody who may less.

    `names` are the arguments that name the object, a build's `number` last; `tells` those that go into the detail, so
    none that may hold a secret. The argument `principal` is who does it, `team` the team. What else there is to say,
    the method says by `context.audit.tell`. The entry is written at the end of the method's first transaction, see
    `AuditTrail.recording`.
    """

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(method)

        @wraps(method)
        def recorded(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            values = bound.arguments
            entry = _entry(action, names.split(), tells.split(), values)
            audit = values["self"]._context.audit  # noqa: SLF001 - every service has one
            running = Running(entry)
            try:
                with audit.recording(entry) as running:
                    return method(*args, **kwargs)
            except PikociError as error:
                if _is_refusal(values["principal"], running.entry, error):
                    audit.refuse(running.entry, error)
                raise

        return recorded

    return decorate


def _entry(action: Action, names: list[str], tells: list[str], values: Mapping[str, Any]) -> AuditEntry:
    principal: Principal = values["principal"]
    parts = [str(values[name]) for name in names if name != "number"]
    return AuditEntry(
        actor=name_of(principal),
        token=principal.credential,
        address=principal.address,
        action=action if isinstance(action, str) else action(values),
        object=full_name(*parts, number=str(values["number"]) if "number" in names else ""),
        team=values.get("team") or "",
        detail={name: text for name in tells if (text := _text(values[name]))},
    )


def _text(value: object) -> str:
    """What an argument says, empty for nothing: of a mapping its keys alone."""
    if isinstance(value, Mapping | list | tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    return str(value)


def _is_refusal(principal: Principal, entry: AuditEntry, error: PikociError) -> bool:
    """Whether somebody known tried what is not allowed; what may not be known looks as if it were not there."""
    if principal.user is None or error.is_audited:
        return False
    if isinstance(error, NotFoundError):
        pipeline = entry.object.removeprefix(f"{entry.team}/").partition("/")[0]
        return not principal.may(entry.team, Role.READ, pipeline)
    return isinstance(error, PermissionDeniedError | RateLimitedError)
