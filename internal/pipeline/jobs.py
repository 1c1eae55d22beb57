"""Builds the jobs of a file, each instance on its own."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.pipeline.approvals import build_announcements, build_approvals
from pikoci.internal.pipeline.conditions import CONDITIONS
from pikoci.internal.pipeline.expand import Instance, instances
from pikoci.internal.pipeline.inputs import build_inputs, refuse_unmet
from pikoci.internal.pipeline.language import LANGUAGE
from pikoci.internal.pipeline.nodes import Node, read
from pikoci.internal.pipeline.on_trigger import build_on_trigger, warn_of_on_trigger
from pikoci.internal.pipeline.passed import BuiltJob
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.scope import Scope
from pikoci.internal.pipeline.steps import Steps
from pikoci.pkg.hcl.syntax import Block

_SETTINGS = (
    "env",
    "timeout",
    "concurrency",
    "serial_groups",
    "tags",
    "priority",
    "requeue_on_worker_loss",
    "disable_retry",
    "allow_failure",
    "interruptible",
)
_NAMED_STEPS = ("get", "task", "put", "service")


def build_jobs(blocks: Mapping[str, Block], steps: Steps, scope: Scope) -> list[BuiltJob]:
    """Every job, expanded, in source order. Raises PipelineTooLargeError."""
    built: dict[str, BuiltJob] = {}
    for base, block in blocks.items():
        for instance in instances(block, scope):
            if instance.name in built:
                scope.report.error(
                    block.range,
                    f'Duplicate job "{instance.name}"',
                    f'The job "{built[instance.name].base}" makes one of that name, too.',
                    "give one of them another name",
                )
                continue
            built[instance.name] = _build(base, block, instance, steps, scope)
    return list(built.values())


def _build(base: str, block: Block, instance: Instance, steps: Steps, scope: Scope) -> BuiltJob:
    inside = scope.with_each(instance.each, sensitive=instance.sensitive)
    node = read(block, LANGUAGE["job"], inside)
    _refuse_duplicates(node, scope.report)
    plan = JobPlan(
        name=instance.name,
        **steps.services.plan(node.children),
        inputs=build_inputs(node, inside),
        approvals=build_approvals(node, scope.report),
        announcements=build_announcements(node, steps, scope.report),
        on_trigger=build_on_trigger(node, steps, scope.report),
        steps=steps.plan(node.children),
        **steps.hooks(node.children),
        **node.changed(*_SETTINGS),
    )
    refuse_unmet(node, plan, scope.report)
    warn_of_on_trigger(node, plan, scope.report)
    return BuiltJob(base, plan, node)


_Seen = dict[tuple[str, str], Node]


def _refuse_duplicates(job: Node, report: Report) -> None:
    """Two steps of one kind and name would share their exports and could not be told apart in a log.

    Of branches one runs, so tasks and puts of two of them may; gets may not, for each is an input of the job.
    """
    _look(job, {}, {}, job.labels[0], report)


def _look(node: Node, gets: _Seen, others: _Seen, job: str, report: Report) -> None:
    """Go through the steps in `node`. `gets` and `others` are those before it, and get its own."""
    before = others
    for child in node.children:
        if child.type in _NAMED_STEPS:
            _refuse_second(child, gets if child.type == "get" else others, job, report)
        elif child.type == "in_parallel":
            _look(child, gets, others, job, report)
        elif child.type in CONDITIONS:
            if child.values["word"] == "if":
                before = dict(others)
            branch = dict(before)
            _look(child, gets, branch, job, report)
            others.update(branch)


def _refuse_second(step: Node, seen: _Seen, job: str, report: Report) -> None:
    name = step.labels[-1]
    first = seen.setdefault((step.type, name), step)
    if first is not step:
        report.error(
            step.block.range,
            f'Duplicate {step.type} "{name}" in the job "{job}"',
            f"The first is on line {first.block.range.line}.",
            "give one of them another name" if step.type == "task" else "take one of them out",
        )
