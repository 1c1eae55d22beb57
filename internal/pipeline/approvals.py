"""The `approve` blocks of a job: the people that its builds wait for."""

from __future__ import annotations

from pikoci.internal.domain.approval import MAX_APPROVALS, Approval
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report


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
