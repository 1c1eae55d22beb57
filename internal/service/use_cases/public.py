"""What of a published pipeline is shown to those who are not members of its team: its state, and nothing about people,
machines or addresses. Reasons are free text and may hold any of these.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, Step
from pikoci.internal.domain.pipeline import JobOverview, ResourceState
from pikoci.internal.domain.waiting import FOR_A_WORKER

#: Stands for the name of whoever started a build; no user has such a name.
SOMEBODY = "a member"
CHECK_FAILS = "the check fails"


def public_build(build: Build) -> Build:
    """The build as strangers see it."""
    by = SOMEBODY if build.created_by else ""
    reason = FOR_A_WORKER if build.reason == FOR_A_WORKER else ""
    return msgspec.structs.replace(
        build, reason=reason, cancel_reason="", worker=None, created_by=by, values=None, gates=None
    )


def public_steps(steps: Sequence[Step]) -> list[Step]:
    """Steps as strangers see them."""
    return [msgspec.structs.replace(step, reason="") for step in steps]


def public_overviews(overviews: Sequence[JobOverview]) -> list[JobOverview]:
    """Jobs as strangers see them."""
    return [
        msgspec.structs.replace(
            one,
            latest=public_build(one.latest) if one.latest else None,
            finished=public_build(one.finished) if one.finished else None,
        )
        for one in overviews
    ]


def public_resource(state: ResourceState) -> ResourceState:
    """The resource as strangers see it: what a failed check says may hold an address with its parameters."""
    error = CHECK_FAILS if state.check_error else ""
    return msgspec.structs.replace(state, webhook_token="", check_error=error)
