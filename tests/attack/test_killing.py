"""What a build can do to the processes and files of worker, server and other builds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.attack import processes
from tests.attack.site import Site
from tests.attack.victim import running_victim

REFUSED = {"EPERM", "EACCES", "ENOENT", "EXDEV"}


def content(paths: list[str]) -> dict[str, bytes]:
    """What is in files; a lock's file and the database change by themselves."""
    return {path: Path(path).read_bytes() for path in paths if path.endswith(".json")}


def test_nothing_of_others_can_be_killed_or_changed(site: Site, kind: str) -> None:
    """Without users, a build's own user owns all of it: only the other team's processes' insides are closed."""
    users = site.way != "plain"
    with running_victim(site, kind) as victim:
        own = site.own_processes(kind)
        alive = {pid: processes.started_at(pid) for pid in (*own.values(), *victim.pids)}
        files = [path for path in site.files(kind).values() if Path(path).is_file()] if users else []
        before = content(files)
        work = site.workdirs[kind]
        told = {
            "processes": {**own, "victim": victim.pid},
            "kill": users,
            "spoil": [*files, *victim.files],
            "directories": [str(work), *(str(work / name) for name in ("builds", "cache", "spool")), str(victim.root)],
        }
        done = site.attempt(kind, "killing", told)
        done.require_tried("write:", "remove:", "replace:", "make:", *(f"{role}:SIGCONT" for role in own))
        if not users:
            assert not victim.is_whole()
            assert done.answers["victim:SIGCONT"].startswith("had")
            return
        done.require_tried(*(f"{role}:{name}" for role in own for name in ("SIGKILL", "SIGSTOP", "group:SIGKILL")))
        taken = {name: answer for name, answer in done.answers.items() if answer not in REFUSED}
        taken.pop("everybody", None)  # there is nobody but itself, which that call spares
        assert taken == {}
        assert {pid: processes.started_at(pid) for pid in alive} == alive
        assert {pid for pid in alive if processes.status(pid)["State"].startswith("T")} == set()
        assert content(files) == before
        assert victim.is_whole()
    assert not list(work.rglob("made-by-attacker"))


def test_a_fork_bomb_ends_with_its_build(site: Site, kind: str) -> None:
    """A bounded one: what no user may exceed is the machine's to say."""
    token = f"bomb-{os.getpid()}-{site.way}-{kind}"
    script = (
        f"bomb() {{ test $1 -eq 0 || {{ bomb $(($1 - 1)) & bomb $(($1 - 1)) & sleep 600 & }}; }}; bomb 7; : {token}"
    )
    done = site.attempt_shell(kind, f"echo {token}; ({script}) >/dev/null 2>&1; echo over")
    assert "over" in done.log
    site.server.wait_for(lambda: not processes.with_argument(token), "the bomb to be gone", 10)
    assert site.attempt_shell(kind, "echo next").status == "succeeded"


@pytest.mark.parametrize("site", ["plain"], indirect=True, scope="session")
def test_a_worker_without_users_dies_by_its_build_and_dumps_nothing(site: Site) -> None:
    """The documented rest; with users the same is refused, as above. The build runs again at the next start."""
    worker = site.make_worker("doomed", "doomed")
    try:
        worker.start()
        worker.wait_for(lambda: "worker registered" in worker.text(), "the worker to register")
        assert worker.process is not None
        pid = worker.process.pid
        gate = site.gates / "doomed"
        script = f"test -e {gate} || {{ prlimit --pid {pid} --core=unlimited; kill -ABRT {pid}; sleep 30; }}"
        text = site_job(script)
        site.set_pipeline("doomed", text)
        number = site.trigger("doomed", "attack")
        worker.wait()  # its status is lost where the event loop has collected it
        assert "worker ended" not in worker.text()
        assert list(worker.folder.glob("core*")) == []  # where the kernel puts it, unless the machine says otherwise
        gate.touch()
        worker.start()
        site.server.wait_for_build("doomed", "attack", number, "succeeded")
    finally:
        worker.stop()


def site_job(script: str) -> str:
    """A job for the doomed worker alone."""
    return f'job "attack" {{\n tags = ["doomed"]\n task "run" {{\n run "shell" {{\n cmd = "{script}"\n }}\n }}\n}}\n'
