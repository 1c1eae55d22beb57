"""Pipeline files of any size."""

from __future__ import annotations

from tests.integration.internal.service.world import TYPE

_TASK = 'task "t" {\n  run "exec" {\n    path = "/bin/true"\n  }\n}\n'


def job(name: str, *lines: str) -> str:
    """A job of one task, with these lines before it."""
    return "\n".join([f'job "{name}" {{', *lines, _TASK, "}"]) + "\n"


def jobs(count: int, *lines: str) -> str:
    """Jobs `j1`, `j2` and so on, all alike."""
    return "".join(job(f"j{number}", *lines) for number in range(1, count + 1))


def get(*lines: str) -> str:
    """A get of the resource `repo`, which `TYPED` files have."""
    return "\n".join(['get "made" "repo" {', *lines, "}"])


#: What a file with gets begins with.
TYPED = TYPE
