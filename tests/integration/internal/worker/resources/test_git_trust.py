"""What a build wrote is not believed later: in a mirror, in a home directory, in a directory to push from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep
from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull, refs, resource
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record


@pytest.fixture
def evil(tmp_path: Path, git: str) -> Repository:
    """A repository with a commit that nobody wants."""
    made = Repository(tmp_path / "evil")
    made.commit("a", "evil")
    return made


def mirrors(room: Room) -> list[Path]:
    return [path for path in (room.settings.workdir / "cache" / "git").iterdir() if path.is_dir()]


REDIRECT = "git config url.{evil}.insteadOf {upstream}"
PROGRAM = "printf '#!/bin/sh\\ntouch {mark}\\n' > {bin}; chmod +x {bin}; "
POISONS = {
    "url.insteadOf": REDIRECT,
    "alternates": "mkdir -p objects/info; echo {evil}/.git/objects > objects/info/alternates; "
    "git update-ref refs/heads/main {commit}",
    "commondir": "echo {evil}/.git > commondir",
    "fsmonitor": PROGRAM + "git config core.fsmonitor {bin}",
    "hooks": PROGRAM + "mkdir -p hooks; cp {bin} hooks/reference-transaction; git config core.hooksPath hooks",
    "filter": PROGRAM
    + "git config filter.x.smudge {bin}; mkdir -p info; echo '* filter=x' > info/attributes; "
    + "git config core.attributesFile $PWD/info/attributes",
    "ssh": PROGRAM + "git config core.sshCommand {bin}; git config core.gitProxy {bin}",
    "included": "git config include.path $PWD/more; git config -f more url.{evil}.insteadOf {upstream}",
    "grafts and shallow": "mkdir -p info; git rev-parse refs/heads/main | tee info/grafts > shallow",
    "config is a link": "printf '[url \"{evil}\"]\\ninsteadOf = {upstream}\\n' >> {victim}; ln -sf {victim} config",
    "HEAD is a link": "ln -sf {victim} HEAD; ln -sf {victim} packed-refs",
    "objects is a link": "rm -rf objects; ln -s {evil}/.git/objects objects",
    "refs are links": "rm -rf refs packed-refs; ln -s {evil}/.git/refs refs",
    "not a repository": "rm -rf ..?* .[!.]* *; echo x > objects; mkfifo config",
    "midx": "echo x > objects/pack/multi-pack-index; mkdir -p objects/info; echo x > objects/info/commit-graph",
}


@pytest.mark.parametrize("poison", POISONS)
def test_a_poisoned_mirror_gives_the_right_commit(
    room: Room, upstream: Repository, evil: Repository, tmp_path: Path, poison: str
) -> None:
    first = upstream.commit("a", "good")
    victim = tmp_path / "victim"
    victim.write_text("")
    script = POISONS[poison].format(
        evil=evil.path,
        upstream=upstream.path,
        commit=evil.run("rev-parse", "HEAD"),
        mark=tmp_path / "ran",
        bin=tmp_path / "bin",
        victim=victim,
    )
    cache = room.settings.workdir / "cache" / "git"
    version: dict[str, object] = {"ref": first, "branch": "main"}
    record = pull(room, resource(upstream), version, f"cd {cache}/*/; {script}")
    assert record.end.status == "succeeded", record.log()
    written = victim.read_text()

    second = upstream.commit("a", "better")
    assert refs(room.check(resource(upstream), GIT, previous=version)) == [second]
    record = pull(room, resource(upstream), {"ref": second, "branch": "main"}, "cat repo/a; git -C repo fsck")
    assert record.log("2").startswith(b"better"), record.log()
    assert not (tmp_path / "ran").exists()
    assert victim.read_text() == written


def test_another_team_has_another_mirror(room: Room, upstream: Repository) -> None:
    commit = upstream.commit("a")
    for team in ("main", "other", "main"):
        assert refs(room.check(resource(upstream), GIT, team=team)) == [commit]
    assert len(mirrors(room)) == 2


def test_settings_in_a_home_directory_do_not_count(room: Room, upstream: Repository, evil: Repository) -> None:
    commit = upstream.commit("a")
    plant = f"git config --global url.{evil.path}.insteadOf {upstream.path}; ls $HOME/.gitconfig"
    assert b".gitconfig" in room.run_job(task(plant)).log()
    assert refs(room.check(resource(upstream), GIT)) == [commit]


def put(room: Room, upstream: Repository, version: dict[str, object], plant: str) -> Record:
    return room.run_job(
        GetStep(id="1", name="repo", resource="git.repo"),
        task(f"cd repo; git -c user.name=t -c user.email=t@t commit -q --allow-empty -m new; {plant}", id="2"),
        PutStep(id="3", name="repo", resource="git.repo", params={"branch": "copy"}),
        resources=[resource(upstream)],
        inputs={"repo": version},
    )


PUT_POISONS = {
    "url.insteadOf": "git config url.{evil}.insteadOf {upstream}",
    "pushInsteadOf": "git config url.{evil}.pushInsteadOf {upstream}",
    "programs": "printf '#!/bin/sh\\ntouch {mark}\\n' > run; chmod +x run; for key in core.fsmonitor core.sshCommand"
    " credential.helper core.pager core.gitProxy uploadpack.packObjectsHook core.askPass core.alternateRefsCommand;"
    " do git config $key $PWD/run; done; git config core.hooksPath $PWD/hooks; mkdir hooks; cp run hooks/pre-push",
    "a bare repository below": "git config core.worktree {evil}",
}


@pytest.mark.parametrize("poison", PUT_POISONS)
def test_a_put_goes_where_the_resource_says(
    room: Room, upstream: Repository, evil: Repository, tmp_path: Path, poison: str
) -> None:
    first = upstream.commit("a")
    plant = PUT_POISONS[poison].format(evil=evil.path, upstream=upstream.path, mark=tmp_path / "ran")
    record = put(room, upstream, {"ref": first, "branch": "main"}, plant)
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert upstream.run("rev-parse", "copy^") == first
    assert "copy" not in evil.run("branch", "--list")
    assert not (tmp_path / "ran").exists()


def test_a_put_from_a_directory_of_another_user(room: Room, upstream: Repository) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    first = upstream.commit("a")
    record = put(room, upstream, {"ref": first, "branch": "main"}, "chown -R 65534:65534 ../repo")
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert upstream.run("rev-parse", "copy^") == first


def test_a_put_from_a_directory_with_a_strange_name(room: Room, upstream: Repository) -> None:
    first = upstream.commit("a")
    name = 'a "b":c\nd\\e'
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo", params={"name": name}),
        PutStep(id="2", name="repo", resource="git.repo", params={"branch": "copy", "name": name}),
        resources=[resource(upstream)],
        inputs={"repo": {"ref": first, "branch": "main"}},
    )
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert upstream.run("rev-parse", "copy") == first
