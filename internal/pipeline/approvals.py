"""The `approve` blocks of a job: the people that its builds wait for."""

from __future__ import annotations

from pikoci.internal.domain.approval import MAX_ANNOUNCEMENTS, MAX_APPROVALS, Approval
from pikoci.internal.domain.plan import NotifyStep
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.steps import Steps


def build_approvals(job: Node, report: Report) -> list[Approval]:
    """The approvals that a job asks for, in source order; what is wrong with them is reported."""
    nodes = [child for child in job.children if child.type == "approve"]
    if len(nodes) > MAX_APPROVALS:
        where = nodes[MAX_APPROVALS].block.range
        report.error(where, f"The job has more than {MAX_APPROVALS} approve blocks", hint="let one stand for several")
        return []
    seen: dict[str, Node] = {}
    for node in nodes:
        first = seen.setdefault(node.labels[0], node)
        if first is not node:
            report.error(
                node.block.range,
                f'Duplicate approve "{node.labels[0]}" in the job "{job.labels[0]}"',
                f"The first is on line {first.block.range.line}.",
                "give one of them another label, or ask for more approvals in one",
            )
    return [Approval(label=node.labels[0], **node.changed("approvals", "timeout")) for node in nodes]


def build_announcements(job: Node, steps: Steps, report: Report) -> dict[str, list[NotifyStep]]:
    """The messages of the approve blocks, by their labels; too many are an error."""
    blocks = [child for child in job.children if child.type == "approve"]
    inside = [child for block in blocks for child in block.children]
    if len(inside) > MAX_ANNOUNCEMENTS:
        where = inside[MAX_ANNOUNCEMENTS].block.range
        summary = f"The approve blocks of the job have more than {MAX_ANNOUNCEMENTS} notify blocks"
        report.error(where, summary, hint="let one notification reach several people")
        return {}
    found: dict[str, list[NotifyStep]] = {}
    for number, block in enumerate(blocks, 1):
        planned = steps.plan(block.children, f"approve/{number}/")
        if messages := [step for step in planned if isinstance(step, NotifyStep)]:
            found[block.labels[0]] = messages
    return found
