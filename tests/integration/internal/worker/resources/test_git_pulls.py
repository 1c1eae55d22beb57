"""Pull requests of forges as versions, and what a get makes of one."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.integration.internal.worker.resources.pull_site import TOKEN, Site
from tests.integration.internal.worker.resources.upstream import GIT, pull
from tests.services.forge import PROJECT, OpenPull
from tests.unit.internal.worker.bench_room import Room


def numbers(result: Any) -> list[str]:
    assert result.error == ""
    return [version["pr"] for version in result.versions]


def test_each_open_pull_request_is_a_version_and_can_be_had(room: Room, site: Site) -> None:
    first, second = site.open(7, branch="one"), site.open(3, branch="fix/two", title="Say <b>it</b>")
    result = room.check(site.resource(), GIT)
    assert result.error == ""
    assert result.versions == [
        {"ref": first.commit, "pr": "7", "branch": "one", "base": "main"},
        {"ref": second.commit, "pr": "3", "branch": "fix/two", "base": "main"},
    ]
    told = result.metadata[-1]
    assert told["title"] == "Say <b>it</b>"
    assert told["author"] == "t@example.org"
    assert told["message"] == "change it"
    page = {"github": "pull/3", "gitlab": "-/merge_requests/3", "gitea": "pulls/3"}[site.provider]
    assert told["url"] == f"{site.address}/{PROJECT}/{page}"
    sent = site.host.asked[0]
    assert TOKEN in (sent.get("HTTP_AUTHORIZATION", "") + sent.get("HTTP_PRIVATE_TOKEN", ""))
    show = 'echo "$GET_REPO_PR $GET_REPO_BRANCH $GET_REPO_BASE"; cat repo/file; echo; git -C repo branch --show-current'
    for depth in (0, 1):
        record = pull(room, site.resource(), result.versions[0], show, depth=depth)
        assert record.log("2") == b"7 one main\n7 change it\npr-7\n", record.log()


def test_one_that_is_changed_comes_last_and_one_that_is_closed_goes(room: Room, github: Site) -> None:
    github.open(1)
    github.open(2)
    again = github.open(1, message="better")
    result = room.check(github.resource(), GIT, previous={"ref": "0" * 40, "pr": "1"})
    assert numbers(result) == ["2", "1"]
    assert result.versions[-1]["ref"] == again.commit
    github.host.pulls.pop()
    assert numbers(room.check(github.resource(), GIT)) == ["2"]


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, ["1", "2", "6"]),
        ({"drafts": True}, ["1", "2", "3", "6"]),
        ({"labels": ["ready", "other"]}, ["2"]),
        ({"base": "stable"}, ["6"]),
        ({"forks": True, "fork_label": "ok to test"}, ["1", "2", "4", "6"]),
        ({"fork_label": "ok to test"}, ["1", "2", "6"]),
    ],
)
def test_which_ones_are_wanted(room: Room, site: Site, params: dict[str, object], wanted: list[str]) -> None:
    site.open(1)
    site.open(2, labels=("ready",))
    site.open(3, draft=True)
    site.open(4, home=False, labels=("ok to test",))
    site.open(5, home=False, labels=("ready",))
    site.open(8, home=None)
    site.open(6, base="stable")
    assert numbers(room.check(site.resource(**params), GIT)) == wanted


def test_forks_need_the_label_that_lets_them_in(room: Room, github: Site) -> None:
    result = room.check(github.resource(forks=True), GIT)
    assert result.error == "forks = true needs fork_label, the label by which a maintainer lets one in"
    assert github.host.asked == []


def test_paths_and_ci_skip_count_for_what_a_pull_request_changes(room: Room, github: Site) -> None:
    github.open(1, "docs/page")
    github.open(2, "src/code")
    github.open(3, "src/more", message="do it [ci skip]")
    assert numbers(room.check(github.resource(), GIT)) == ["1", "2"]
    assert numbers(room.check(github.resource(paths=["src/*"]), GIT)) == ["2"]
    assert numbers(room.check(github.resource(ignore_paths=["src/*"], disable_ci_skip=True), GIT)) == ["1"]


def test_pages_are_followed_and_bounded(room: Room, github: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        github.open(number)
    github.host.page_size = 2
    assert numbers(room.check(github.resource(), GIT)) == ["1", "2", "3", "4", "5"]
    assert [asked["QUERY_STRING"].rpartition("page=")[2] for asked in github.host.asked] == ["1", "2", "3"]
    monkeypatch.setattr("pikoci.internal.worker.resources.git.pulls.MOST", 4)
    with capture_logs() as logs:
        assert numbers(room.check(github.resource(), GIT)) == ["2", "3", "4", "5"]
    assert any("pull requests are open" in entry["event"] for entry in logs)


def test_a_page_that_has_not_changed_is_not_sent_again(room: Room, github: Site) -> None:
    github.open(1)
    for _ in range(2):
        assert numbers(room.check(github.resource(), GIT)) == ["1"]
    assert ["HTTP_IF_NONE_MATCH" in asked for asked in github.host.asked] == [False, True]
    github.open(2)
    assert numbers(room.check(github.resource(), GIT)) == ["1", "2"]


def test_odd_pull_requests_do_not_stop_the_others(room: Room, github: Site) -> None:
    github.open(1)
    github.host.pulls.append(OpenPull(2, "f" * 40))  # a ref that is not there yet
    github.open(3, branch="--upload-pack=x")
    github.open(4, branch="x\0y")
    github.open(5, title="\x1b[31m" + "long " * 1000)
    result = room.check(github.resource(), GIT)
    assert numbers(result) == ["1", "5"]
    assert "\x1b" not in result.metadata[-1]["title"]
    assert len(result.metadata[-1]["title"]) == 300


def test_a_head_that_moved_is_had_as_long_as_the_server_gives_it(room: Room, github: Site) -> None:
    olds = [github.open(number) for number in (1, 2)]
    versions: list[dict[str, object]] = [{"ref": old.commit, "pr": str(old.number), "base": "main"} for old in olds]
    for number in (1, 2):
        github.open(number, message="better")
    assert pull(room, github.resource(), versions[0], "cat repo/file").log("2") == b"1 change it"
    subprocess.run(["git", "-C", str(github.served), "prune", "--expire=now"], check=True)
    record = pull(room, github.resource(), versions[1], "cat repo/file")
    assert record.end.status == "failed"
    said = f"does not give the commit {olds[1].commit} of pull request 2 any more; a newer one may have taken its place"
    assert said in record.reason("1")


def test_the_base_is_there_to_compare_with(room: Room, github: Site) -> None:
    github.open(1, "new")
    result = room.check(github.resource(), GIT)
    record = pull(room, github.resource(), result.versions[0], "cd repo && git diff --name-only origin/main...HEAD")
    assert record.log("2") == b"new\n", record.log()
