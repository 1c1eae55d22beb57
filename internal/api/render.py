"""From what the use cases give to what answers say."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from pikoci.internal.api import approval_views, fleet_views, views
from pikoci.internal.domain.accounts import User
from pikoci.internal.domain.announcement import Announcement
from pikoci.internal.domain.approval import GateStanding
from pikoci.internal.domain.build import Build, LogChunk, Standing, Step
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.graph import Graph
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import JobOverview, Page, PipelineOverview, Version, WorkerToken
from pikoci.internal.domain.secret_entries import SecretEntry
from pikoci.internal.service.plumbing.ports import QueueState
from pikoci.internal.service.use_cases.views import BuildDetail, ResourceView, WorkerView


def moment(seconds: float) -> datetime:
    """A time that the database keeps, as one that JSON shows."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    """The same for what may not have happened."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def build(one: Build, team: str = "", pipeline: str = "") -> views.BuildView:
    """A build without its parts. Positional and unrolled: lists of builds are what is asked for most."""
    started, finished = one.started_at, one.finished_at
    number = f"{one.number}.{one.retry}" if one.retry else str(one.number)
    return views.BuildView(
        one.id,
        full_name(team, pipeline, one.job, number=number),
        one.job,
        number,
        one.status.value,
        one.reason,
        one.claim,
        one.worker,
        one.created_by,
        datetime.fromtimestamp(one.created_at, UTC),
        None if started is None else datetime.fromtimestamp(started, UTC),
        None if finished is None else datetime.fromtimestamp(finished, UTC),
        one.cancel_requested_at is not None,
        one.log_size,
        one.priority,
    )


def builds(page: Page[Build], team: str, pipeline: str) -> views.Listing[views.BuildView]:
    """Part of a list of a pipeline's builds."""
    return views.Listing([build(one, team, pipeline) for one in page.items], page.next)


def step(one: Step) -> views.StepView:
    """A step."""
    return views.StepView(
        id=one.id,
        name=one.name,
        kind=one.kind,
        status=one.status.value,
        attempt=one.claim,
        try_number=one.try_number,
        exit_code=one.exit_code,
        reason=one.reason,
        started_at=moment_or_none(one.started_at),
        finished_at=moment_or_none(one.finished_at),
    )


def approval(one: GateStanding) -> approval_views.ApprovalView:
    """What a build waits or waited for, with the votes."""
    votes = [approval_views.VoteView(vote.voter, vote.approves, vote.reason, moment(vote.at)) for vote in one.votes]
    return approval_views.ApprovalView(
        one.gate.label, one.gate.approvals, one.missing, moment_or_none(one.gate.until), votes
    )


def announcement(one: Announcement) -> approval_views.AnnouncementView:
    """A message that the build waits."""
    return approval_views.AnnouncementView(
        one.label, one.notification, one.status, one.reason, moment_or_none(one.finished_at)
    )


def build_detail(one: BuildDetail, team: str, pipeline: str) -> views.BuildDetailView:
    """A build with its parts."""
    return views.BuildDetailView(
        **msgspec.structs.asdict(build(one.build, team, pipeline)),
        approvals=[approval(found) for found in one.approvals],
        announcements=[announcement(found) for found in one.announcements],
        approved_at=moment_or_none(one.build.approved_at),
        steps=[step(found) for found in one.steps],
        inputs=[
            views.InputView(found.get, found.resource, found.version_id, found.version, found.metadata or {})
            for found in one.inputs
        ],
        outputs=[
            views.OutputView(found.put, found.resource, found.version_id, found.version, found.metadata or {})
            for found in one.outputs
        ],
        values=one.build.values or {},
    )


def log(chunk: LogChunk) -> views.LogView:
    """Log bytes; a character that two chunks share makes both of them base64."""
    text = encoded = None
    try:
        text = chunk.data.decode()
    except UnicodeDecodeError:
        encoded = base64.b64encode(chunk.data).decode("ascii")
    return views.LogView(chunk.offset, chunk.step, chunk.claim, moment(chunk.at), text, encoded)


def standing(one: Standing) -> views.StandingView:
    """How something with builds stands."""
    return msgspec.convert(one, views.StandingView, from_attributes=True)


def job(one: JobOverview, team: str, pipeline: str) -> views.JobView:
    """A job with its newest builds."""
    return views.JobView(
        name=one.job.name,
        status=standing(one.standing),
        paused=one.job.paused,
        archived=one.job.archived,
        latest=build(one.latest, team, pipeline) if one.latest else None,
        finished=build(one.finished, team, pipeline) if one.finished else None,
    )


def job_detail(one: JobOverview, team: str, pipeline: str) -> views.JobDetailView:
    """A job with its inputs."""
    return views.JobDetailView(
        **{name: getattr(known, name) for known in [job(one, team, pipeline)] for name in known.__struct_fields__},
        inputs=msgspec.convert(one.inputs, list[views.JobInputView], from_attributes=True),
    )


def pipeline(one: PipelineOverview) -> views.PipelineView:
    """A pipeline with its jobs' state."""
    found = one.pipeline
    return views.PipelineView(
        team=found.team,
        name=found.name,
        status=standing(one.standing),
        paused=found.paused,
        public=found.public,
        revision=found.revision,
        created_at=moment(found.created_at),
        updated_at=moment(found.updated_at),
        jobs=[job(each, found.team, found.name) for each in one.jobs],
    )


def changes(found: Iterable[object]) -> list[views.ChangeView]:
    """What setting a pipeline changes."""
    return msgspec.convert(list(found), list[views.ChangeView], from_attributes=True)


def graph(one: Graph) -> views.GraphView:
    """A pipeline as nodes and edges."""
    return msgspec.convert(one, views.GraphView, from_attributes=True)


def version(one: Version) -> views.VersionView:
    """A version."""
    listed = one.check_order is not None
    created = moment(one.created_at)
    return views.VersionView(one.id, one.version, not one.disabled, listed, created, one.metadata or {})


def resource(one: ResourceView) -> views.ResourceView:
    """A resource with its newest and its pinned version."""
    found = one.resource
    return views.ResourceView(
        name=found.canonical,
        type=found.type,
        check_interval=found.check_interval,
        last_checked_at=moment_or_none(found.last_checked_at),
        next_check_at=moment_or_none(found.next_check_at),
        check_error=found.check_error,
        waiting_reason=one.waiting_reason,
        webhook_token=found.webhook_token,
        has_webhook_secret=one.has_webhook_secret,
        archived=found.archived,
        latest=version(one.latest) if one.latest else None,
        pinned=version(one.pinned) if one.pinned else None,
    )


def worker(one: WorkerView) -> fleet_views.WorkerView:
    """A worker with what it runs."""
    found = one.worker
    return fleet_views.WorkerView(
        name=found.name,
        version=found.version,
        state=found.state,
        wanted=found.wanted,
        queues=found.queues,
        concurrency=found.concurrency,
        tags=found.tags,
        team=found.team,
        registered_at=moment(found.registered_at),
        last_seen_at=moment(found.last_seen_at),
        builds=[build(each.build, each.team, each.pipeline) for each in one.builds],
        busy=one.busy,
        checks=one.checks,
    )


def worker_token(one: WorkerToken) -> fleet_views.WorkerTokenView:
    """What is known of a worker's token."""
    return fleet_views.WorkerTokenView(
        id=one.id,
        team=one.team,
        tags=one.tags,
        created_by=one.created_by,
        created_at=moment(one.created_at),
        revoked_by=one.revoked_by,
        revoked_at=moment_or_none(one.revoked_at),
    )


def secret(one: SecretEntry) -> views.SecretView:
    """What is known of a secret."""
    return views.SecretView(name=one.name, set_by=one.set_by, set_at=moment(one.set_at))


def queue(name: str, state: QueueState | None) -> fleet_views.QueueView:
    """A queue."""
    if state is None:
        return fleet_views.QueueView(name, None, None, None)
    return fleet_views.QueueView(name, state.waiting, state.in_flight, state.oldest)


def user(one: User) -> views.UserView:
    """A user, never with the password's hash."""
    return views.UserView(one.name, one.is_admin, one.must_change_password)


def part(items: Sequence[views.T], limit: int, cursor: str | None) -> views.Listing[views.T]:
    """Part of a list that the use case gives whole; the cursor is a position.

    Raises InvalidError for a cursor that this did not make.
    """
    if cursor is not None and (not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9):
        raise InvalidError("this cursor was not made here", hint="take `next` of the part before, or leave it out")
    start = int(cursor or 0)
    following = start + limit
    return views.Listing(list(items[start:following]), str(following) if following < len(items) else None)
