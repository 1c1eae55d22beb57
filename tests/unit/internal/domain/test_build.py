"""The state machine of a build."""

import pytest

from pikoci.internal.domain.build import FINAL, TRANSITIONS, Build, BuildStatus, check_transition
from pikoci.internal.domain.errors import ConflictError

ALLOWED = {
    ("waiting", "pending"),
    ("waiting", "failed"),
    ("pending", "waiting"),
    ("waiting", "cancelled"),
    ("pending", "started"),
    ("pending", "cancelled"),
    ("pending", "errored"),
    ("started", "pending"),
    *(("started", end) for end in ("succeeded", "failed", "cancelled", "errored", "warning")),
}


@pytest.mark.parametrize("before", BuildStatus)
@pytest.mark.parametrize("after", BuildStatus)
def test_only_these_moves_are_allowed(before: BuildStatus, after: BuildStatus) -> None:
    if (before, after) in ALLOWED:
        check_transition(before, after)
        return
    with pytest.raises(ConflictError, match=f"a build that is {before} cannot become {after}"):
        check_transition(before, after)


def test_every_status_has_its_moves_and_an_end_has_none() -> None:
    assert set(TRANSITIONS) == set(BuildStatus)
    assert {status for status, moves in TRANSITIONS.items() if not moves} == FINAL
    assert all(status.is_final == (status in FINAL) for status in BuildStatus)


@pytest.mark.parametrize(("number", "retry", "name"), [(3, 0, "3"), (3, 1, "3.1"), (3, 12, "3.12")])
def test_the_number_that_people_see(number: int, retry: int, name: str) -> None:
    assert Build(id=1, pipeline_id=1, job_id=1, job="j", number=number, retry=retry).name == name
