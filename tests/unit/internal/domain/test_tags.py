"""Queues for sets of tags."""

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.tags import MAX_TAGS, common_queue, queue_of, queues_for, team_of


def test_a_worker_listens_on_the_queues_of_all_sets_of_its_tags() -> None:
    assert queues_for("jobs", ["vpn", "gpu"]) == ["jobs", "jobs.gpu", "jobs.vpn", "jobs.gpu+vpn"]
    assert queues_for("checks", ["gpu"]) == ["checks", "checks.gpu"]
    assert queues_for("jobs", []) == ["jobs"]
    assert queues_for("jobs", ["gpu", "gpu"]) == ["jobs", "jobs.gpu"]


def test_an_exclusive_worker_leaves_untagged_work_to_others() -> None:
    assert queues_for("jobs", ["gpu", "vpn"], exclusive=True) == ["jobs.gpu", "jobs.vpn", "jobs.gpu+vpn"]
    assert queues_for("jobs", [], exclusive=True) == []


def test_every_queue_of_work_is_one_that_such_a_worker_listens_on() -> None:
    tags = [f"t-{number}" for number in range(MAX_TAGS)]
    queues = queues_for("jobs", tags)
    assert len(set(queues)) == 64
    assert queue_of("jobs", tags[::-1]) in queues
    assert queue_of("jobs", tags[2:4]) in queues


@pytest.mark.parametrize("tag", ["", "a+b", "a.b", "ä", "a b", "a\n", "x" * 41])
def test_what_is_no_tag_is_refused_by_name(tag: str) -> None:
    with pytest.raises(InvalidError, match="is not a valid tag"):
        queues_for("jobs", ["gpu", tag])


def test_too_many_tags_are_refused() -> None:
    with pytest.raises(InvalidError, match="7 tags are too many, at most 6 are possible"):
        queues_for("jobs", [f"t{number}" for number in range(7)])


def test_an_unknown_kind_of_queue_is_refused() -> None:
    with pytest.raises(InvalidError, match="'builds' is not a kind of queue"):
        queues_for("builds", [])


def test_a_teams_own_queues_are_beside_the_common_ones() -> None:
    own = queues_for("jobs", ["vpn", "gpu"], team="blue")
    assert own == ["jobs.team=blue", "jobs.team=blue+gpu", "jobs.team=blue+vpn", "jobs.team=blue+gpu+vpn"]
    assert set(own).isdisjoint(queues_for("jobs", ["vpn", "gpu", "team", "blue"]))
    assert [common_queue(queue) for queue in own] == queues_for("jobs", ["vpn", "gpu"])
    assert {team_of(queue) for queue in own} == {"blue"}
    assert [team_of(queue) for queue in ("jobs", "jobs.gpu", "checks.team")] == ["", "", ""]
