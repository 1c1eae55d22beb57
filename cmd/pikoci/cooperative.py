"""The one place that says how the process is made cooperative."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata

from gevent import monkey


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
    """Let gevent find none: it would read the metadata of all installed packages for each module that it patches."""
    find = metadata.entry_points
    metadata.entry_points = lambda **_: metadata.EntryPoints()  # type: ignore[assignment]
    try:
        yield
    finally:
        metadata.entry_points = find
