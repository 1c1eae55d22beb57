"""What is told of git versions beside their commit: author, date, message and address, never a secret."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep, Resource
from tests.integration.internal.worker.resources.pull_site import Site
from tests.integration.internal.worker.resources.upstream import GIT, Repository, resource
from tests.services.forge import PROJECT
from tests.unit.internal.worker.bench_room import Room, task

pytestmark = pytest.mark.usefixtures("git")


def test_commits_and_tags_tell_who_made_them(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a", message="Say it\n\nIn many words.")
    upstream.run("tag", "v1")
    second = upstream.commit("b", message="Say \x1b[31mmore\x1b[0m of it: " + "é" * 1000)
    date = upstream.run("log", "-1", "--format=%aI", first)
    told = {"author": "t@example.org", "date": date, "message": "Say it"}
    assert room.check(resource(upstream, tag=True), GIT).metadata == [told]
    result = room.check(resource(upstream, branch="main"), GIT, previous={"ref": first, "branch": "main"})
    assert [version["ref"] for version in result.versions] == [second]
    [found] = result.metadata
    assert found["message"].startswith("Say [31mmore [0m of it: éé")
    assert len(found["message"]) == 300


def test_the_address_is_told_where_the_forge_is_known(room: Room, github: Site) -> None:
    source = Resource(type="git", name="repo", params={"url": f"{github.address}/{PROJECT}.git"})
    assert "url" not in room.check(source, GIT).metadata[0]
    known = Resource(type="git", name="repo", params={**source.params, "provider": "github"})
    assert room.check(known, GIT).metadata[0]["url"] == f"{github.address}/{PROJECT}/commit/{github.first}"


def test_a_secret_in_a_message_is_masked(room: Room, upstream: Repository) -> None:
    upstream.commit("a", message="x" * 288 + " hunter22-hunter22")
    [found] = room.check(resource(upstream), GIT, masks=["hunter22-hunter22"]).metadata
    assert "hunt" not in found["message"]


def test_a_put_tells_of_its_commit(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    upstream.run("checkout", "-q", "-b", "other")
    who = "-c user.name=Ada -c user.email=a@b -c gpg.program=/bin/false -c log.showSignature=true"
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo"),
        task(f"cd repo && git {who} commit -q --allow-empty -m made", id="2"),
        PutStep(id="3", name="repo", resource="git.repo"),
        resources=[resource(upstream, branch="main")],
        inputs={"repo": {"ref": commit, "branch": "main"}},
    )
    assert record.end.status == "succeeded", record.log()
    [made] = record.versions()
    assert (made.metadata["author"], made.metadata["message"]) == ("Ada", "made")
