"""Tags as versions: new ones wherever their commits lie, moved ones, and any number of them."""

from __future__ import annotations

import shutil

from structlog.testing import capture_logs

from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull, refs, resource
from tests.unit.internal.worker.bench_room import Room


class Watched:
    """A resource that follows tags, with its newest version as the server has it."""

    def __init__(self, room: Room, upstream: Repository, **params: object) -> None:
        self._room = room
        self._source = resource(upstream, **{"tag": "v*", **params})
        self.newest: dict[str, object] | None = None

    def check(self, taken: bool = True) -> list[str]:
        """The names of the tags that a check gives; the server may have lost them."""
        result = self._room.check(self._source, GIT, previous=self.newest)
        assert result.error == ""
        if taken and result.versions:
            self.newest = result.versions[-1]
        return [version["tag"] for version in result.versions]


def test_a_tag_that_moved_is_a_new_version(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("tag", "v1")
    watched = Watched(room, upstream)
    assert watched.check() == ["v1"]
    moved = upstream.commit("b")
    upstream.run("tag", "-f", "v1")
    assert watched.check() == ["v1"]
    assert watched.newest == {"ref": moved, "tag": "v1"}
    assert watched.check() == []
    upstream.run("tag", "-f", "-a", "-m", "the same commit", "v1")
    assert watched.check() == []


def test_a_moved_tag_is_found_by_a_worker_that_has_seen_nothing(room: Room, upstream: Repository) -> None:
    old = upstream.commit("a")
    new = upstream.commit("b")
    upstream.run("tag", "v1")
    result = room.check(resource(upstream, tag=True), GIT, previous={"ref": old, "tag": "v1"})
    assert result.versions == [{"ref": new, "tag": "v1"}]


def test_a_new_tag_on_an_older_commit_is_found_and_is_the_newest(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("tag", "v0", "HEAD")
    upstream.commit("b")
    upstream.run("tag", "v2")
    watched = Watched(room, upstream)
    assert watched.check() == ["v2"]
    upstream.run("tag", "v1", "HEAD^")
    assert watched.check() == ["v1"]
    assert watched.check() == []
    upstream.run("tag", "-a", "-m", "x", "v1.1", "HEAD^")
    upstream.run("tag", "v1.2", "HEAD^")
    upstream.run("tag", "other", "HEAD^")
    assert sorted(watched.check()) == ["v1.1", "v1.2"]
    assert watched.check() == []


def test_tags_that_the_server_did_not_take_are_given_again(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.commit("b")
    upstream.run("tag", "v2")
    watched = Watched(room, upstream)
    assert watched.check(taken=False) == ["v2"]
    assert watched.check() == ["v2"]
    upstream.run("tag", "v1", "HEAD^")
    assert watched.check(taken=False) == ["v1"]
    upstream.run("tag", "v0", "HEAD^")
    assert watched.check() == ["v1", "v0"]
    assert watched.check() == []


def test_what_another_worker_found_is_no_news(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.commit("b")
    upstream.run("tag", "v2")
    watched = Watched(room, upstream)
    assert watched.check() == ["v2"]
    old = upstream.run("rev-parse", "HEAD^")
    upstream.run("tag", "v1", old)
    watched.newest = {"ref": old, "tag": "v1"}
    assert watched.check() == []
    assert watched.check() == []


def test_a_worker_that_has_seen_nothing_gives_what_is_newer_by_date(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("tag", "v1")
    watched = Watched(room, upstream)
    assert watched.check() == ["v1"]
    shutil.rmtree(room.settings.workdir / "cache")
    upstream.run("-c", "user.name=t", "tag", "v2", upstream.commit("b"))
    assert watched.check() == ["v2"]


def test_a_tag_that_is_not_utf8_or_no_commit_is_passed_over(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    upstream.run("tag", "v1")
    strange = upstream.path / b".git/refs/tags/v\xff2".decode("utf-8", "surrogateescape")
    strange.write_text(first + "\n")
    upstream.run("tag", "v-tree", "HEAD^{tree}")
    watched = Watched(room, upstream)
    with capture_logs() as logs:
        assert watched.check() == ["v1"]
        assert watched.check() == []
    named = [entry["tag"] for entry in logs if "not UTF-8" in entry["event"]]
    assert named == ["v\\xff2"]
    upstream.run("tag", "v3")
    assert watched.check() == ["v3"]
    assert refs(room.check(resource(upstream), GIT)) == [first]


def test_fifty_thousand_tags(room: Room, upstream: Repository) -> None:
    """At most 10,000 are given at once, and then what is new. The mirror has the refs, as from an earlier fetch."""
    first = upstream.commit("a")
    upstream.run("tag", "v0")
    watched = Watched(room, upstream)
    assert watched.check() == ["v0"]
    header = "# pack-refs with: peeled fully-peeled sorted \n"
    names = sorted(f"v{number}" for number in range(50_000))
    [mirror] = (room.settings.workdir / "cache" / "git").glob("*/HEAD")
    for packed in (upstream.path / ".git" / "packed-refs", mirror.with_name("packed-refs")):
        packed.write_text(header + "".join(f"{first} refs/tags/{name}\n" for name in names))
    assert watched.check() == [f"v{number}" for number in range(40_000, 50_000)]
    upstream.run("tag", "v-new")
    assert watched.check() == ["v-new"]
    assert watched.check() == []
    assert refs(room.check(resource(upstream, branch="main"), GIT)) == [first]


def test_a_clone_has_tags_if_they_are_wanted(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("tag", "-a", "-m", "x", "v1")
    second = upstream.commit("b")
    version: dict[str, object] = {"ref": second, "branch": "main"}
    source = resource(upstream, branch="main")
    assert refs(room.check(source, GIT)) == [second]
    describe = "cd repo; git tag; git describe --tags || echo none"
    assert pull(room, source, version, describe).log("2").endswith(b"none\n")
    expected = f"v1\nv1-1-g{second[:7]}\n".encode()
    assert pull(room, source, version, describe, tags=True).log("2") == expected
    assert pull(room, source, version, describe, tags=True, depth=2).log("2") == expected


def test_tags_that_stay_as_they_are_are_not_fetched_again(room: Room, upstream: Repository) -> None:
    upstream.commit("a")
    upstream.run("tag", "v1")
    watched = Watched(room, upstream)
    assert [watched.check(), watched.check()] == [["v1"], []]
    shutil.rmtree(room.settings.workdir / "cache" / "git")
    assert watched.check() == []
    assert not (room.settings.workdir / "cache" / "git").exists()
    upstream.run("tag", "v2")
    assert watched.check() == ["v2"]
    watched.newest = {"ref": "0" * 40, "tag": "v1"}
    assert watched.check() == ["v2"]
