"""A build's columns, in one place for every statement that returns builds."""

from __future__ import annotations

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.store.session import Row

#: Columns of `Build`, in the order that `build_from` expects; fit for SELECT and RETURNING on `builds`.
BUILD_COLUMNS = (
    "id, pipeline_id, job_id, (SELECT jobs.name FROM jobs WHERE jobs.id = builds.job_id), number, retry, status,"
    " reason, created_by, created_at, dispatched_at, started_at, finished_at, worker, claim, lease_expires_at,"
    " requeues, cancel_requested_at, cancel_reason, inputs_resolved, last_event, log_size"
)

_STATUS = {status.value: status for status in BuildStatus}


def build_from(row: Row) -> Build:
    """The build of a row of `BUILD_COLUMNS`; further columns are ignored."""
    return Build(
        id=row[0],
        pipeline_id=row[1],
        job_id=row[2],
        job=row[3],
        number=row[4],
        retry=row[5],
        status=_STATUS[row[6]],
        reason=row[7],
        created_by=row[8],
        created_at=row[9],
        dispatched_at=row[10],
        started_at=row[11],
        finished_at=row[12],
        worker=row[13],
        claim=row[14],
        lease_expires_at=row[15],
        requeues=row[16],
        cancel_requested_at=row[17],
        cancel_reason=row[18],
        inputs_resolved=bool(row[19]),
        last_event=row[20],
        log_size=row[21],
    )
