"""The git resource type against real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep, Resource
from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull, refs, resource
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record

pytestmark = pytest.mark.usefixtures("git")


def test_the_first_check_gives_the_newest_commit(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    newest = upstream.commit("b")
    result = room.check(resource(upstream), GIT)
    assert result.versions == [{"ref": newest, "branch": "main"}]


def test_later_checks_give_what_is_new_oldest_first(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    source = resource(upstream, branch="main")
    previous = {"ref": first, "branch": "main"}
    assert refs(room.check(source, GIT, previous=previous)) == []
    new = [upstream.commit("b", str(n)) for n in range(3)]
    assert refs(room.check(source, GIT, previous=previous)) == new


def test_a_forced_push_gives_the_newest_only(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    lost = upstream.commit("b")
    assert refs(room.check(resource(upstream), GIT)) == [lost]
    upstream.run("reset", "-q", "--hard", "HEAD~1")
    upstream.commit("c")
    newest = upstream.commit("d")
    assert refs(room.check(resource(upstream), GIT, previous={"ref": lost, "branch": "main"})) == [newest]
    unknown = {"ref": "1" * 40, "branch": "main"}
    assert refs(room.check(resource(upstream), GIT, previous=unknown)) == [newest]


def test_only_the_given_branch_counts(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    upstream.run("checkout", "-q", "-b", "dev/x")
    other = upstream.commit("b")
    assert refs(room.check(resource(upstream, branch="main"), GIT)) == [first]
    assert refs(room.check(resource(upstream, branch="dev/x"), GIT)) == [other]
    assert "couldn't find remote ref" in room.check(resource(upstream, branch="none"), GIT).error


def test_a_branch_may_take_the_place_of_a_directory_of_branches(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("branch", "dev")
    refs(room.check(resource(upstream, branch="dev"), GIT))
    upstream.run("branch", "-D", "dev")
    upstream.run("branch", "dev/x")
    assert len(refs(room.check(resource(upstream, branch="dev/x"), GIT))) == 1


def test_merges_count_as_one_version(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    upstream.run("checkout", "-q", "-b", "side")
    upstream.commit("b")
    upstream.run("checkout", "-q", "main")
    upstream.run("merge", "-q", "--no-ff", "-m", "merge", "side")
    merge = upstream.run("rev-parse", "HEAD")
    assert refs(room.check(resource(upstream), GIT, previous={"ref": first, "branch": "main"})) == [merge]


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"paths": ["docs"]}, ["docs/a.md", "docs/deep/b.txt"]),
        ({"paths": ["docs/*.md"]}, ["docs/a.md"]),
        ({"paths": ["**/*.txt"]}, ["docs/deep/b.txt", "c.txt"]),
        ({"ignore_paths": ["docs"]}, ["src/x", "c.txt"]),
        ({"paths": ["docs"], "ignore_paths": ["docs/deep"]}, ["docs/a.md"]),
    ],
)
def test_paths_choose_commits(room: Room, upstream: Repository, params: dict[str, object], wanted: list[str]) -> None:
    first = upstream.commit("seed")
    made = {upstream.commit(name): name for name in ("docs/a.md", "src/x", "docs/deep/b.txt", "c.txt")}
    found = refs(room.check(resource(upstream, **params), GIT, previous={"ref": first, "branch": "main"}))
    assert [made[ref] for ref in found] == wanted


def test_tags_are_versions(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    upstream.run("tag", "v1.0")
    upstream.run("tag", "other")
    source = resource(upstream, tag="v*")
    [version] = room.check(source, GIT).versions
    assert version == {"ref": first, "tag": "v1.0"}
    second = upstream.commit("b")
    upstream.run("tag", "-a", "-m", "annotated", "v1.1")
    assert room.check(source, GIT, previous=version).versions == [{"ref": second, "tag": "v1.1"}]


def test_a_pull_checks_out_the_version_on_its_branch(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a", "one")
    upstream.commit("a", "two")
    script = "cd repo; cat a; echo; git rev-parse --abbrev-ref HEAD; git remote get-url origin; git status --short"
    record = pull(room, resource(upstream), {"ref": first, "branch": "main"}, script)
    assert record.log("2").decode().splitlines() == ["one", "main", str(upstream.path)]
    assert first.encode() in record.log("1")


def test_a_pull_of_a_tag_is_detached(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    record = pull(
        room, resource(upstream, tag=True), {"ref": commit, "tag": "v1"}, "git -C repo rev-parse --abbrev-ref HEAD"
    )
    assert record.log("2") == b"HEAD\n"


def test_a_pull_can_be_shallow_and_named(room: Room, upstream: Repository) -> None:
    *_, wanted = [upstream.commit("a", str(n)) for n in range(5)]
    upstream.commit("a", "newer")
    record = pull(
        room,
        resource(upstream),
        {"ref": wanted, "branch": "main"},
        "cd src/app; git rev-list --count HEAD; cat a",
        depth=2,
        name="src/app",
    )
    assert record.log("2") == b"2\n4"


def test_a_pulled_clone_does_not_depend_on_the_cache(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    cache = room.settings.workdir / "cache" / "git"
    record = pull(
        room, resource(upstream), {"ref": commit, "branch": "main"}, f"rm -rf {cache}; git -C repo fsck && echo ok"
    )
    assert record.log("2").endswith(b"ok\n")


def test_a_broken_mirror_is_made_anew(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    source = resource(upstream)
    assert refs(room.check(source, GIT)) == [first]
    [mirror] = [path for path in (room.settings.workdir / "cache" / "git").iterdir() if path.is_dir()]
    (mirror / "packed-refs.lock").touch()
    for pack in mirror.rglob("objects/??/*"):
        pack.unlink()
    for pack in mirror.rglob("*.pack"):
        pack.unlink()
    second = upstream.commit("b")
    assert refs(room.check(source, GIT)) == [second]


def test_a_commit_that_is_gone_is_named(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    record = pull(room, resource(upstream), {"ref": "1" * 40, "branch": "main"}, "true")
    assert record.end.status == "failed"
    assert "no longer has the commit 1111" in record.end.reason


def test_submodules_are_checked_out_on_request(room: Room, upstream: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.commit("file", "inside")
    upstream.run("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    commit = upstream.commit("a")
    record = pull(room, resource(upstream), {"ref": commit, "branch": "main"}, "cat repo/sub/file", submodules=True)
    assert record.log("2") == b"inside"


def test_a_put_pushes_the_branch(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    upstream.run("checkout", "-q", "--detach")
    change = "cd repo; echo new > b; git add b; git -c user.name=t -c user.email=t@t commit -q -m new"
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo", params={"depth": 1}),
        task(change, id="2"),
        PutStep(id="3", name="repo", resource="git.repo"),
        resources=[resource(upstream, branch="main")],
        inputs={"repo": {"ref": commit, "branch": "main"}},
    )
    assert record.end.status == "succeeded", record.log()
    pushed = upstream.run("rev-parse", "main")
    assert pushed != commit
    assert [made.version for made in record.versions()] == [{"ref": pushed, "branch": "main"}]
    assert room.check(resource(upstream, branch="main"), GIT, previous={"ref": commit}).versions == [
        {"ref": pushed, "branch": "main"}
    ]


def test_a_put_of_an_old_state_is_refused_unless_forced(room: Room, upstream: Repository) -> None:
    old = upstream.commit("a")
    upstream.commit("b")
    upstream.run("checkout", "-q", "--detach")

    def push(**params: object) -> Record:
        return room.run_job(
            GetStep(id="1", name="repo", resource="git.repo"),
            PutStep(id="2", name="repo", resource="git.repo", params={"branch": "main", **params}),
            resources=[resource(upstream)],
            inputs={"repo": {"ref": old, "branch": "main"}},
        )

    refused = push()
    assert refused.end.status == "failed"
    assert "git push failed" in refused.end.reason
    assert push(force=True).end.status == "succeeded"
    assert upstream.run("rev-parse", "main") == old


def test_a_hook_left_by_a_task_does_not_run_at_a_push(room: Room, upstream: Repository, tmp_path: Path) -> None:
    commit = upstream.commit("a")
    upstream.run("checkout", "-q", "--detach")
    plant = (
        f"printf '#!/bin/sh\\nenv > {tmp_path}/stolen\\n' > repo/.git/hooks/pre-push; chmod +x repo/.git/hooks/pre-push"
    )
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo"),
        task(plant, id="2"),
        PutStep(id="3", name="repo", resource="git.repo", params={"branch": "copy"}),
        resources=[resource(upstream)],
        inputs={"repo": {"ref": commit, "branch": "main"}},
    )
    assert record.end.status == "succeeded"
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize("url", ["ext::sh -c id", "-u/x", "--upload-pack=id", "", "a\nb", "fd::17"])
def test_dangerous_addresses_are_refused(room: Room, upstream: Repository, url: str) -> None:
    source = Resource(type="git", name="repo", params={"url": url})
    assert "is not the address of a git repository" in room.check(source, GIT).error


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "a:b", "+a", "x.lock", "/a"])
def test_bad_branches_are_refused(room: Room, upstream: Repository, branch: str) -> None:
    upstream.commit("a")
    result = room.check(resource(upstream, branch=branch), GIT)
    assert result.error
    assert not result.versions


def test_an_empty_repository_says_so(room: Room, upstream: Repository) -> None:
    source = resource(upstream)
    assert room.check(source, GIT).error == "the repository has no commits yet"
    assert room.check(resource(upstream, branch="main"), GIT).error == "the repository has no commits yet"
    assert refs(room.check(resource(upstream, tag=True), GIT)) == []
    first = upstream.commit("a")
    assert refs(room.check(source, GIT)) == [first]


def test_a_missing_repository_says_so(room: Room, tmp_path: Path) -> None:
    source = Resource(type="git", name="repo", params={"url": str(tmp_path / "none")})
    assert "does not" in room.check(source, GIT).error


@pytest.mark.parametrize("words", ["[ci skip]", "[skip ci]"])
def test_a_commit_that_asks_for_it_is_passed_over(room: Room, upstream: Repository, words: str) -> None:
    first = upstream.commit("a")
    upstream.commit("b", message=f"built\n\nby the job {words}")
    source = resource(upstream)
    previous = {"ref": first, "branch": "main"}
    assert refs(room.check(source, GIT)) == [first]
    assert refs(room.check(source, GIT, previous=previous)) == []
    third = upstream.commit("c")
    assert refs(room.check(source, GIT, previous=previous)) == [third]
    all_of_them = resource(upstream, disable_ci_skip=True)
    assert len(refs(room.check(all_of_them, GIT, previous=previous))) == 2


def test_a_merge_that_brings_a_change_counts_under_a_paths_filter(room: Room, upstream: Repository) -> None:
    first = upstream.commit("seed")
    upstream.run("checkout", "-q", "-b", "side")
    upstream.commit("docs/a")
    upstream.commit("other")
    upstream.run("checkout", "-q", "main")
    upstream.run("merge", "-q", "--no-ff", "-m", "brings docs", "side")
    merge = upstream.run("rev-parse", "HEAD")
    upstream.run("checkout", "-q", "side")
    upstream.commit("more")
    upstream.run("checkout", "-q", "main")
    upstream.run("merge", "-q", "--no-ff", "-m", "brings other things", "side")
    found = refs(room.check(resource(upstream, paths=["docs"]), GIT, previous={"ref": first, "branch": "main"}))
    assert found == [merge]
    assert refs(room.check(resource(upstream, paths=["docs"]), GIT)) == [merge]


def test_a_forced_push_and_back(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    kept = upstream.commit("b")
    source = resource(upstream)
    assert refs(room.check(source, GIT)) == [kept]
    upstream.run("reset", "-q", "--hard", "HEAD~1")
    other = upstream.commit("c")
    assert refs(room.check(source, GIT, previous={"ref": kept, "branch": "main"})) == [other]
    upstream.run("reset", "-q", "--hard", kept)
    assert refs(room.check(source, GIT, previous={"ref": other, "branch": "main"})) == [kept]
    assert pull(room, source, {"ref": other, "branch": "main"}, "true").end.status == "succeeded"


def test_a_default_branch_that_is_renamed_is_followed(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    source = resource(upstream)
    previous: dict[str, object] = {"ref": first, "branch": "main"}
    assert refs(room.check(source, GIT)) == [first]
    upstream.run("branch", "-m", "trunk")
    assert refs(room.check(source, GIT, previous=previous)) == []
    second = upstream.commit("b")
    assert room.check(source, GIT, previous=previous).versions == [{"ref": second, "branch": "trunk"}]
    record = pull(room, source, previous, "git -C repo rev-parse --abbrev-ref HEAD")
    assert record.log("2") == b"main\n"


def test_a_default_branch_that_is_not_utf8_needs_a_word(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    upstream.run("branch", "good")
    upstream.run("branch", "-m", name)
    assert "not UTF-8" in room.check(resource(upstream), GIT).error
    assert refs(room.check(resource(upstream, branch="good"), GIT)) == [commit]


def test_a_shallow_pull_of_a_commit_that_was_forced_away(room: Room, upstream: Repository) -> None:
    upstream.commit("a", "0")
    lost = upstream.commit("a", "1")
    assert refs(room.check(resource(upstream), GIT)) == [lost]
    upstream.run("reset", "-q", "--hard", "HEAD~1")
    newest = upstream.commit("b")
    assert refs(room.check(resource(upstream), GIT, previous={"ref": lost, "branch": "main"})) == [newest]
    record = pull(room, resource(upstream), {"ref": lost, "branch": "main"}, "cat repo/a", depth=1)
    assert record.log("2") == b"1"


def test_paths_with_spaces_and_newlines(room: Room, tmp_path: Path, git: str) -> None:
    upstream = Repository(tmp_path / "an up stream")
    first = upstream.commit("a b/c d")
    second = upstream.commit("a b/new\nline")
    source = resource(upstream, paths=["a b/new\nline"])
    assert refs(room.check(source, GIT)) == [second]
    assert refs(room.check(resource(upstream, paths=["a b/c *"]), GIT)) == [first]
    record = pull(
        room,
        source,
        {"ref": second, "branch": "main"},
        "cd 'my clone'; ls -Q 'a b'; git status --short",
        name="my clone",
    )
    assert record.log("2") == b'"c d"\n"new\\nline"\n'


def test_a_repository_of_another_user_can_be_read(room: Room, upstream: Repository) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    commit = upstream.commit("a")
    subprocess.run(["chown", "-R", "65534:65534", upstream.path], check=True)
    for url in (str(upstream.path), f"file://{upstream.path}", f"{upstream.path}/.git"):
        source = Resource(type="git", name="repo", params={"url": url})
        assert refs(room.check(source, GIT)) == [commit]
        assert pull(room, source, {"ref": commit, "branch": "main"}, "true").end.status == "succeeded"
