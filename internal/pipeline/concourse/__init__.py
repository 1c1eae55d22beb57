"""Pipelines of Concourse, converted to HCL."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import msgspec

from pikoci.internal.pipeline.concourse import document
from pikoci.internal.pipeline.concourse.conversion import Conversion, Loss
from pikoci.internal.pipeline.concourse.resources import SILENT, name_resources, write_resources, write_types
from pikoci.internal.pipeline.concourse.steps import HOOKS, write_hooks, write_steps
from pikoci.internal.pipeline.formatting import formatted

__all__ = ["Converted", "Loss", "convert", "task_files"]

_JOB_KEYS = ("name", "plan", "serial", "serial_groups", "max_in_flight", "interruptible", *HOOKS, "on_error")
_JOB_SILENT = (*SILENT, "build_log_retention", "build_logs_to_retain")
_MAX_TASKS = 1_000


class Converted(msgspec.Struct, frozen=True):
    """A pipeline as HCL, formatted, and what could not be converted, in source order."""

    text: str
    losses: list[Loss]


def convert(text: str, filename: str, files: Mapping[str, str] | None = None) -> Converted:
    """Convert a pipeline of Concourse. `files` are the texts of task files by the path that tasks name.

    Raises InvalidError for what is no YAML or no map, TooLargeError.
    """
    pipeline = document.read(text, filename)
    conversion = Conversion({path: document.read(found, path) for path, found in (files or {}).items()})
    writer = conversion.writer
    if "var_sources" in pipeline:
        conversion.lost(pipeline.lines["var_sources"], "var_sources", "give values when the pipeline is set")
    for job in conversion.mappings(pipeline, "jobs"):
        name = conversion.text(job, "name")
        conversion.jobs[name] = conversion.label(name, job.line, conversion.jobs.values())
    name_resources(conversion, pipeline)
    _write_groups(conversion, pipeline)
    write_types(conversion, pipeline)
    write_resources(conversion, pipeline)
    for job in conversion.mappings(pipeline, "jobs"):
        _write_job(conversion, job)
    body, writer.lines = writer.lines, []
    writer.comment(f"Converted from {filename.rpartition('/')[2]} of Concourse.")
    _write_variables(conversion)
    made = formatted("\n".join([*writer.lines, "", *body, ""]), "converted.hcl")
    return Converted(made, sorted(conversion.losses, key=lambda loss: loss.line))


def task_files(text: str, filename: str) -> list[str]:
    """The paths of the files that tasks of a pipeline name, each once. Raises as `convert` does."""
    maps = document.maps(document.read(text, filename))
    found = (one["file"] for one in maps if isinstance(one.get("task"), str) and isinstance(one.get("file"), str))
    return list(islice(dict.fromkeys(found), _MAX_TASKS))


def _write_groups(conversion: Conversion, pipeline: document.Mapping) -> None:
    groups = conversion.mappings(pipeline, "groups")
    if groups:
        conversion.writer.comment("Groups of jobs on Concourse's pages, which have none here:")
    for group in groups:
        jobs = ", ".join(conversion.texts(group, "jobs"))
        conversion.writer.comment(" ".join(f"  {conversion.text(group, 'name')}: {jobs}".split("\n")))


def _write_variables(conversion: Conversion) -> None:
    for original, name in sorted(conversion.variables.items(), key=lambda pair: pair[1]):
        with conversion.writer.block("variable", name):
            if ":" in original or "." in original:
                conversion.writer.comment(f"(({original})) in Concourse")
            if conversion.is_secret(original):
                conversion.writer.argument("sensitive", value=True)


def _write_job(conversion: Conversion, job: document.Mapping) -> None:
    with conversion.writer.block("job", conversion.jobs[conversion.text(job, "name")]):
        conversion.left_out(job, _JOB_KEYS, _JOB_SILENT)
        limit = conversion.count(job, "max_in_flight")
        if conversion.flag(job, "serial"):
            limit = 1
        if limit is not None:
            conversion.writer.argument("concurrency", limit)
        if groups := conversion.texts(job, "serial_groups"):
            conversion.writer.argument("serial_groups", groups)
        if interruptible := conversion.flag(job, "interruptible"):
            conversion.writer.argument("interruptible", interruptible)
        write_steps(conversion, conversion.mappings(job, "plan"), "job")
        write_hooks(conversion, job)
