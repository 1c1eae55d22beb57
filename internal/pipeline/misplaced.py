"""Steps that the language has, but not in the place where somebody put them."""

from __future__ import annotations

from pikoci.internal.pipeline.conditions import CONDITIONS
from pikoci.internal.pipeline.language_job import HOOKS

_IN_PARALLEL = {
    "in_parallel": "put its steps into this block, or the block behind it",
    "service": "put it into the job, where it runs beside all steps",
    **dict.fromkeys(CONDITIONS, "put the in_parallel block into the condition, or decide in a task's script"),
}
_NOT_IN_HOOKS = ("service", "in_parallel", *CONDITIONS)


def misplaced(step: str, parent: str) -> str:
    """What to do about a `step` block that cannot stand in a `parent` block; empty where it is no such step."""
    if parent == "in_parallel":
        return _IN_PARALLEL.get(step, "")
    if parent in HOOKS and step in _NOT_IN_HOOKS:
        return "a hook takes task, put and notify steps"
    return ""
