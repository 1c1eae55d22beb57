"""The plan of a job: steps, what modifies them, and hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pikoci.internal.pipeline.concourse import document
from pikoci.internal.pipeline.concourse.conversion import Conversion, ResourceName
from pikoci.internal.pipeline.concourse.tasks import STEP_KEYS, write_task

Inside = Literal["job", "in_parallel", "hook"]

HOOKS = {"on_success": "on_success", "on_failure": "on_failure", "on_abort": "on_cancel", "ensure": "ensure"}
_MODIFIERS = ("timeout", "attempts", *HOOKS)
_MODIFIER_REASONS = {
    "on_error": "no hook is for errors alone: ensure runs after these too",
    "across": "make jobs of it with matrix or for_each",
    "tags": "tags belong to the whole job",
}
_KINDS = ("get", "put", "task", "in_parallel", "aggregate", "do", "try")
_OTHER_KINDS = {
    "set_pipeline": "set it from a task, with `pikoci client pipelines set`",
    "load_var": "write KEY=VALUE to $PIKOCI_OUTPUT in a task; later steps see it as $TASK_<STEP>_<KEY>",
}
_GET_KEYS = ("get", "resource", "passed", "params", "trigger", "version")
_PUT_KEYS = ("put", "resource", "params", "inputs", "no_get")
_GET_PARAMS = {"submodules": "submodules", "depth": "depth", "fetch_tags": "tags"}
_PUT_PARAMS = {"repository": "name"}


def write_steps(conversion: Conversion, steps: list[document.Mapping], inside: Inside) -> None:
    """Write steps in their order."""
    for step in steps:
        kind = next((key for key in _KINDS if key in step), "")
        if kind:
            _WRITERS[kind](conversion, step, inside)
        else:
            other = next((key for key in _OTHER_KINDS if key in step), "")
            what = f"{other}: {conversion.text(step, other)}" if other else ", ".join(map(str, step))
            conversion.writer.blank()
            conversion.lost(step.line, what, _OTHER_KINDS.get(other, "no such step is known"))


def write_hooks(conversion: Conversion, found: document.Mapping) -> None:
    """Write the hooks of a step or job."""
    for hook, here in HOOKS.items():
        if hook in found:
            with conversion.writer.block(here, needed=False):
                write_steps(conversion, [conversion.mapping(found, hook)], "hook")
    if "on_error" in found:
        conversion.lost(found.lines["on_error"], "on_error", _MODIFIER_REASONS["on_error"])


def _modifiers(conversion: Conversion, step: document.Mapping) -> None:
    if timeout := conversion.text(step, "timeout"):
        conversion.writer.argument("timeout", timeout)
    attempts = conversion.count(step, "attempts")
    if attempts is not None:
        conversion.writer.argument("attempts", attempts)


def _left_out(conversion: Conversion, step: document.Mapping, known: tuple[str, ...]) -> None:
    for key, reason in _MODIFIER_REASONS.items():
        if key in step and key != "on_error":
            conversion.lost(step.lines[key], key, reason)
    conversion.left_out(step, (*known, *_MODIFIERS, *_MODIFIER_REASONS))


def _named(conversion: Conversion, step: document.Mapping, kind: str) -> ResourceName | None:
    name = conversion.text(step, "resource") or conversion.text(step, kind)
    named = conversion.resources.get(name)
    if named is None:
        conversion.lost(step.line, f"{kind}: {name}", "no resource has this name")
    return named


def _get(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    named = _named(conversion, step, "get")
    if named is None:
        return
    if inside == "hook":
        conversion.lost(step.line, f"get: {conversion.text(step, 'get')}", "a hook gets nothing: get it in the plan")
        return
    if named.only_image:
        reason = "tasks name the image themselves; a new one starts no build"
        conversion.lost(step.line, f"get: {conversion.text(step, 'get')}", reason)
        return
    with conversion.writer.block("get", named.type, named.name):
        _left_out(conversion, step, _GET_KEYS)
        if trigger := conversion.flag(step, "trigger"):
            conversion.writer.argument("trigger", trigger)
        if passed := conversion.texts(step, "passed"):
            conversion.writer.argument("passed", [conversion.jobs.get(name, name) for name in passed])
        version = step.get("version")
        if version == "every":
            conversion.writer.argument("version", "every")
        elif version not in (None, "latest"):
            reason = "pin it with `pikoci client resources pin` once the pipeline is set"
            conversion.lost(step.lines["version"], "version", reason)
        _modifiers(conversion, step)
        _get_params(conversion, step, named)
        write_hooks(conversion, step)


def _get_params(conversion: Conversion, step: document.Mapping, named: ResourceName) -> None:
    builtin = conversion.builtin(named.type)
    table = {param.name for param in builtin.get_params} if builtin else None
    alias, resource = conversion.text(step, "get"), conversion.text(step, "resource")
    with conversion.writer.block("params", needed=False):
        conversion.params(conversion.mapping(step, "params"), _GET_PARAMS if builtin else {}, table)
        if resource and alias != resource:
            if table is not None and "name" in table:
                conversion.writer.argument("name", alias)
            else:
                conversion.lost(step.line, f"get: {alias}", "what is got has the name of its resource")


def _put(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    named = _named(conversion, step, "put")
    if named is None:
        return
    builtin = conversion.builtin(named.type)
    if builtin is not None and not builtin.can_put:
        conversion.lost(step.line, f"put: {named.name}", f"nothing can be put to {named.type}")
        return
    with conversion.writer.block("put", named.type, named.name):
        _left_out(conversion, step, _PUT_KEYS)
        _modifiers(conversion, step)
        table = {param.name for param in builtin.put_params} if builtin and not builtin.any_put_params else None
        with conversion.writer.block("params", needed=False):
            conversion.params(conversion.mapping(step, "params"), _PUT_PARAMS if builtin else {}, table)
        write_hooks(conversion, step)


def _task(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    name = conversion.text(step, "task") or "task"
    with conversion.writer.block("task", conversion.label(name, step.line)):
        _left_out(conversion, step, STEP_KEYS)
        _modifiers(conversion, step)
        write_task(conversion, step)
        write_hooks(conversion, step)


def _in_parallel(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    kind = "in_parallel" if "in_parallel" in step else "aggregate"
    settings = document.Mapping(step.line)
    if isinstance(step[kind], document.Mapping):
        settings = step[kind]
        steps = conversion.mappings(settings, "steps")
    else:
        steps = conversion.mappings(step, kind)
    simple = all({"get", "put", "task"} & one.keys() for one in steps)
    if inside != "job" or not simple:
        reason = "it holds steps that must follow one another, or stands where they do; its steps run in order"
        conversion.lost(step.line, kind, reason)
        write_steps(conversion, steps, inside)
        _lost_hooks(conversion, step, kind)
        return
    with conversion.writer.block("in_parallel", needed=False):
        _left_out(conversion, step, (kind,))
        conversion.left_out(settings, ("steps", "limit", "fail_fast"))
        limit = conversion.count(settings, "limit")
        if limit is not None:
            conversion.writer.argument("limit", limit)
        if fail_fast := conversion.flag(settings, "fail_fast"):
            conversion.writer.argument("fail_fast", fail_fast)
        _modifiers(conversion, step)
        write_steps(conversion, steps, "in_parallel")
        write_hooks(conversion, step)


def _do(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    write_steps(conversion, conversion.mappings(step, "do"), inside)
    _lost_hooks(conversion, step, "do")


def _try(conversion: Conversion, step: document.Mapping, inside: Inside) -> None:
    conversion.writer.blank()
    conversion.lost(step.line, "try", "when this step fails, the build does too")
    write_steps(conversion, [conversion.mapping(step, "try")], inside)
    _lost_hooks(conversion, step, "try")


def _lost_hooks(conversion: Conversion, step: document.Mapping, kind: str) -> None:
    """Tell what was said of steps that have no block of their own here."""
    for key in step:
        if key != kind:
            conversion.lost(step.lines[key], f"{key} of {kind}", "give it to the steps, or to the job")


_WRITERS: dict[str, Callable[[Conversion, document.Mapping, Inside], None]] = {
    "get": _get,
    "put": _put,
    "task": _task,
    "in_parallel": _in_parallel,
    "aggregate": _in_parallel,
    "do": _do,
    "try": _try,
}
