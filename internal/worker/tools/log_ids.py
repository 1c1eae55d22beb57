"""What log lines call builds, checks and announcements: their names as people write them, and ids of the server."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.domain.gateway import AnnouncementAssignment, BuildAssignment, CheckAssignment
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


def announcement_ids(assignment: AnnouncementAssignment) -> LogIds:
    """`build=main/app/test#12 build_id=42 announcement_id=3 claim=1`."""
    of_build = build_ids(assignment.work)
    return {**of_build, "announcement_id": assignment.announcement_id, "claim": assignment.claim}
