"""What log lines call builds and checks."""

from __future__ import annotations

from structlog.testing import capture_logs

from pikoci.internal.domain.gateway import CheckAssignment, ClaimRef
from pikoci.internal.domain.plan import Resource, ResourceType
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import LogIds, build_ids, check_ids
from tests.unit.internal.worker.bench_room import assignment_of
from tests.unit.internal.worker.test_claims import ManualClock

CHECK = CheckAssignment(
    resource_id=7, claim=2, lease=30.0, team="main", pipeline="app", resource=Resource(type="git", name="repo"),
    resource_type=ResourceType(name="git", builtin="git"), runner_types=[], previous=None,
)  # fmt: skip


def log_of_lost_claim(ids: LogIds) -> dict[str, object]:
    table, ref = ClaimTable(ManualClock(), 8.0), ClaimRef(id=7, claim=2)
    with table.holding(HeldClaim(ref, BuildControl(60), 30.0, 130.0, ids=ids)), capture_logs() as logs:
        table.lose(ref)
    return {**logs[0]}


def test_a_build_is_called_as_people_do_beside_its_id() -> None:
    found = log_of_lost_claim(build_ids(assignment_of(42, [])))
    assert (found["build"], found["build_id"], found["claim"]) == ("main/app/unit#3.1", 42, 1)


def test_a_check_is_not_called_a_build() -> None:
    found = log_of_lost_claim(check_ids(CHECK))
    assert (found["resource"], found["resource_id"], found["claim"]) == ("main/app/git.repo", 7, 2)
    assert not {"build", "build_id"} & found.keys()
