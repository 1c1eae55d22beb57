"""The one place that says how the process is made cooperative."""

from gevent import monkey


def make_cooperative() -> None:
    """Patch the standard library for gevent; call it before anything else is imported. A second call does nothing.

    Child processes and signals stay untouched: the program starts children and handles signals by its own rules, and a
    patched `os.fork` or SIGCHLD handler would get in their way.
    """
    if not monkey.is_module_patched("socket"):
        monkey.patch_all(os=False, signal=False, subprocess=False)
