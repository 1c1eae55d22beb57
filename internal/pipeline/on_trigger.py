"""The `on_trigger` block of a job: the messages about versions that make builds of it."""

from __future__ import annotations

from pikoci.internal.domain.plan import JobPlan, NotifyStep
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.steps import Steps


def build_on_trigger(job: Node, steps: Steps, report: Report) -> list[NotifyStep]:
    """The messages, in source order; an empty block is an error."""
    block = job.only("on_trigger")
    if block is None:
        return []
    if not block.block.body.blocks:
        report.error(block.block.range, "The on_trigger is empty", hint="put a notify into it, or take it out")
    return [step for step in steps.plan(block.children, "on_trigger/") if isinstance(step, NotifyStep)]


def warn_of_on_trigger(job: Node, plan: JobPlan, report: Report) -> None:
    """Warn where no version makes builds of the job."""
    block = job.only("on_trigger")
    if block is not None and plan.on_trigger and not any(get.trigger for get in plan.gets()):
        report.warning(
            block.block.range,
            "The on_trigger has no effect",
            "No get of the job has trigger = true, so that no version makes builds of it.",
        )
