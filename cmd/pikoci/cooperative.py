"""The one place that says how the process is made cooperative."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent import events, monkey

_ASK = "notify_and_call_entry_points"


def make_cooperative() -> None:
    """Patch the standard library for gevent; call it before anything else is imported. A second call does nothing.

    Child processes and signals stay untouched: the program starts children and handles signals by its own rules, and a
    patched `os.fork` or SIGCHLD handler would get in their way.
    """
    if not monkey.is_module_patched("socket"):
        with _without_plugins():
            monkey.patch_all(os=False, signal=False, subprocess=False)


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Let gevent ask for none: for each module it would read the metadata of all installed packages."""
    names = vars(events)
    ask, names[_ASK] = names[_ASK], names["notify"]
    try:
        yield
    finally:
        names[_ASK] = ask
