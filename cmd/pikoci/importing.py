"""Imports without the work that they don't need."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without garbage collections and without rich; nested or repeated, it does no more.

    What imports make is no garbage: it lives as long as the process, so later collections don't look at it either.
    structlog and httpx import rich where it is installed, for output that the program never asks them for.
    """
    modules: dict[str, ModuleType | None] = vars(sys)["modules"]
    collects, hides = gc.isenabled(), "rich" not in modules
    gc.disable()
    if hides:
        modules["rich"] = None  # an import of it raises ImportError
    try:
        yield
    finally:
        if hides:
            del modules["rich"]
        if collects:
            gc.freeze()
            gc.enable()
