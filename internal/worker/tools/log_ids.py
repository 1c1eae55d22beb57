"""What log lines call a build or a check: its name as people write it, and the ids that the server knows it by."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.domain.gateway import BuildAssignment, CheckAssignment
from pikoci.internal.domain.naming import full_name

LogIds = Mapping[str, str | int]


def build_ids(assignment: BuildAssignment) -> LogIds:
    """`build=main/app/test#12 build_id=42 claim=1`."""
    build = assignment.build
    name = full_name(build.team, build.pipeline, build.job, number=build.number)
    return {"build": name, "build_id": build.id, "claim": assignment.claim}


def check_ids(assignment: CheckAssignment) -> LogIds:
    """`resource=main/app/git.repo resource_id=7 claim=1`."""
    name = full_name(assignment.team, assignment.pipeline, assignment.resource.canonical)
    return {"resource": name, "resource_id": assignment.resource_id, "claim": assignment.claim}
