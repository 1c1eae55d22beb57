"""What a function of the language is: a Python callable over values, or a lazy one."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pikoci.pkg.hcl.values import Value

Function = Callable[..., Value]
"""Takes values by position and returns one; raises `UnfitValueError` with one clause that says what is wrong."""


@dataclass(frozen=True, slots=True)
class LazyFunction:
    """A function that evaluates its arguments itself; each thunk returns a value or raises `UnfitValueError`."""

    call: Callable[[Sequence[Callable[[], Value]]], Value]

    @property
    def doc(self) -> str:
        """What the function does, with its signature and an example."""
        return self.call.__doc__ or ""


@lru_cache(maxsize=512)
def _arity(function: Function) -> tuple[int, int | None]:
    least = most = 0
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return least, None
        most += 1
        least += parameter.default is parameter.empty
    return least, most


def check_arity(name: str, function: Function, given: int) -> str:
    """Return what is wrong with a number of arguments, or the empty string."""
    least, most = _arity(function)
    if given >= least and (most is None or given <= most):
        return ""
    wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
    return f'"{name}" takes {wanted} argument{"" if wanted == "1" else "s"}, not {given}.'
