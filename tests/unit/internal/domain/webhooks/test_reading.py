"""What deliveries tell, forge by forge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pikoci.internal.domain.webhooks.model import Change, Delivery, Event, Ping, PullRequest, Push
from pikoci.internal.domain.webhooks.reading import read_event
from tests.unit.internal.domain.webhooks.deliveries import (
    NOTHING,
    bitbucket,
    commit,
    data_center,
    delivery,
    form,
    gitea,
    github,
    gitlab,
    moved,
)

FILES = frozenset({"src/a.py"})
PUSHED = Push((Change("branch", "main", files=FILES),), "main")
UNSURE = Push((Change("branch", "main"),), "main")
GONE = Push((Change("branch", "main", deleted=True),), "main")
TAGGED = Push((Change("tag", "v1"),), "main")


@pytest.mark.parametrize(
    ("posted", "event"),
    [
        (github(), PUSHED),
        (gitea(), PUSHED),
        (gitlab(), PUSHED),
        (bitbucket(moved("main")), UNSURE),
        (data_center("refs/heads/main"), Push((Change("branch", "main"),))),
        (github(ref="refs/tags/v1", created=True), TAGGED),
        (gitea(ref="refs/tags/v1"), TAGGED),
        (gitlab("Tag Push Hook", ref="refs/tags/v1"), TAGGED),
        (bitbucket(moved("v1", "tag")), TAGGED),
        (bitbucket(moved("v1", "annotated_tag"), main=None), Push((Change("tag", "v1"),))),
        (data_center("refs/tags/v1"), Push((Change("tag", "v1"),))),
        (github(ref="refs/heads/feature/a"), Push((Change("branch", "feature/a", files=FILES),), "main")),
        (data_center("refs/heads/feature/a"), Push((Change("branch", "feature/a"),))),
        (github(deleted=True, after=NOTHING, commits=[]), GONE),
        (gitea(after=NOTHING), GONE),
        (gitlab(after=NOTHING, checkout_sha=None), GONE),
        (bitbucket({"new": None, "old": {"type": "branch", "name": "main"}}), GONE),
        (data_center("refs/heads/main", "DELETE"), Push((Change("branch", "main", deleted=True),))),
        (github("create", {"ref": "v1", "ref_type": "tag"}), Push((Change("tag", "v1"),))),
        (gitea("create", {"ref": "refs/heads/b", "ref_type": "branch"}), Push((Change("branch", "b"),))),
        (gitea("delete", {"ref": "b", "ref_type": "branch"}), Push((Change("branch", "b", deleted=True),))),
        (github("ping", {"zen": "Keep it simple", "hook_id": 1}), Ping()),
        (data_center("", event="diagnostics:ping"), Ping()),
        (github("pull_request", {"action": "opened"}), PullRequest()),
        (gitea("pull_request_sync", {"action": "synchronized"}), PullRequest()),
        (gitlab("Merge Request Hook", object_kind="merge_request"), PullRequest()),
        (bitbucket(event="pullrequest:updated"), PullRequest()),
        (data_center("", event="pr:from_ref_updated"), PullRequest()),
    ],
)
def test_an_event_is_read(posted: Delivery, event: Event) -> None:
    assert read_event(posted) == event


def test_an_event_may_come_as_a_form() -> None:
    assert read_event(form(github())) == PUSHED
    kind = {"x-github-event": "push", "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    for body in (b"", b"other=1", b"payload=%ff", b"payload=\xff", b"payload=", b"&".join([b"payload=1"] * 9)):
        assert read_event(Delivery(kind, body)) is None


def test_a_push_of_several_refs_tells_all_of_them() -> None:
    pushed = read_event(bitbucket(moved("main"), moved("v1", "tag")))
    assert isinstance(pushed, Push)
    assert [(one.kind, one.name) for one in pushed.changes] == [("branch", "main"), ("tag", "v1")]


@pytest.mark.parametrize(
    "posted",
    [
        github(created=True),
        github(forced=True),
        github(before=NOTHING),
        github(commits=[]),
        github(commits=None),
        github(commits=[commit()]),
        github(commits=[commit("a")] * 20),
        github(commits=[commit(*(f"file{n}" for n in range(300)))]),
        github(commits=[commit("x" * 501)]),
        github(commits=[commit("a/" * 33 + "b")]),
        github(commits=[commit(*(f"{m}/{n}" for n in range(299))) for m in range(4)]),
        gitea(total_commits=2),
        gitea(total_commits=None),
        gitlab(total_commits_count=21),
        gitlab(total_commits_count=None),
    ],
)
def test_files_that_may_not_be_all_are_none(posted: Delivery) -> None:
    assert read_event(posted) == UNSURE


def test_files_of_all_commits_count_whatever_became_of_them() -> None:
    commits = [commit("a", added=("b",)), commit(removed=("c",)), {"added": None, "modified": None, "removed": None}]
    pushed = read_event(gitea(commits=commits, total_commits=3))
    assert pushed == Push((Change("branch", "main", files=frozenset("abc")),), "main")


@pytest.mark.parametrize(
    "posted",
    [
        Delivery(),
        Delivery({"content-type": "application/json"}, b'{"ref": "refs/heads/main"}'),
        github("issues"),
        gitea("release"),
        gitlab("Note Hook"),
        bitbucket(event="repo:fork"),
        github(ref="refs/notes/commits"),
        data_center("refs/notes/commits"),
        data_center("main"),
        bitbucket(moved("x", "bookmark")),
        bitbucket({"new": None, "old": None}),
        github("create", {"ref": "x", "ref_type": "repository"}),
    ],
)
def test_what_nobody_knows_is_none(posted: Delivery) -> None:
    assert read_event(posted) is None


BODIES: list[Any] = [None, [], 7, "x", {}, {"ref": 7}, {"ref": "refs/heads/m", "commits": 1}, {"push": {}}]


@pytest.mark.parametrize("header", ["x-github-event", "x-gitea-event", "x-gitlab-event", "x-event-key"])
def test_broken_bodies_are_none(header: str) -> None:
    name = {"x-gitlab-event": "Push Hook", "x-event-key": "repo:push"}.get(header, "push")
    for body in (b"", b"\xff", b"{", b"[" * 100_000, b'{"x":' * 100_000, *(json.dumps(one).encode() for one in BODIES)):
        assert read_event(Delivery({header: name}, body)) is None


def test_the_older_name_of_a_forge_does_not_hide_what_it_is() -> None:
    posted = delivery(
        "x-gogs-event", "push", {"ref": "refs/heads/main", "commits": [commit("a")]}, x_github_event="push"
    )
    pushed = read_event(posted)
    assert pushed == Push((Change("branch", "main"),))
