"""Processes that want to be there when their build is not."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from tests.attack import processes
from tests.attack.site import Site, job, tags

STAYERS = (
    "setsid", "double-fork", "nohup", "stubborn", "stopped", "forker", "many", "namespaces", "at", "crontab",
)  # fmt: skip
SERVICE = """
service_type "stayer" {{
  start "exec" {{
    path = {path}
    args = [{args}]
  }}
  stop "exec" {{
    path = "/bin/true"
  }}
}}
"""
#: How long after its end, in seconds, a build may still be seen.
DEADLINE = 10.0


def test_no_process_outlives_its_build(site: Site, kind: str) -> None:
    """With and without users: a supervisor adopts what is left, also out of namespaces, and kills it."""
    token = f"stayer-{os.getpid()}-{site.way}-{kind}"
    done = site.attempt(kind, "outliving", {"token": token})
    done.require_tried(*STAYERS, "own")
    assert done.status == "succeeded"
    assert all(done.answers[name].startswith("had") for name in STAYERS[:-2]), done.answers
    limit = time.monotonic() + DEADLINE
    while left := [processes.command_line(pid) for pid in processes.with_argument(f"{token}-")]:
        assert time.monotonic() < limit, left
        time.sleep(0.05)
    if site.way != "plain":
        assert [pid for uid in site.builders for pid in processes.of_user(uid)] == []
    assert site.attempt_shell(kind, "echo next").status == "succeeded"


def test_no_process_outlives_the_service_that_started_it(site: Site, kind: str) -> None:
    """What a start leaves behind is held while the build runs, and then gone like all else."""
    token = f"stayer-{os.getpid()}-{site.way}-{kind}-service"
    path, *args = map(json.dumps, site.probe("outliving", {"token": token}))
    config = SERVICE.format(path=path, args=", ".join(args))
    site.set_pipeline(f"service-{kind}", config + job("attack", ["/bin/true"], f'{tags(kind)}\nservice "stayer" {{}}'))
    done = site.run(f"service-{kind}", "attack")
    done.require_tried(*STAYERS, "own")
    assert done.status == "succeeded"
    limit = time.monotonic() + DEADLINE
    while left := [processes.command_line(pid) for pid in processes.with_argument(f"{token}-")]:
        assert time.monotonic() < limit, left
        time.sleep(0.05)
    if site.way != "plain":
        assert [pid for uid in site.builders for pid in processes.of_user(uid)] == []


@pytest.mark.parametrize("site", ["root", "rights"], indirect=True, scope="session")
def test_what_others_start_for_a_user_ends_with_its_build(site: Site, kind: str) -> None:
    """As a daemon of the machine does that a build asks: such a process is no descendant of the build.

    Without users a build's processes are known by their descent alone.
    """
    told, gate = site.loot / f"user-{kind}", site.gates / f"stranger-{kind}"
    told.unlink(missing_ok=True)
    gate.unlink(missing_ok=True)
    script = f"id -u >{told}.new && mv {told}.new {told}; while ! test -e {gate}; do sleep 0.05; done"
    site.set_pipeline(f"stranger-{kind}", job("attack", ["/bin/sh", "-c", script], tags(kind)))
    number = site.trigger(f"stranger-{kind}", "attack")
    site.server.wait_for(told.exists, "the build to say who it is", 30)
    uid = json.loads(told.read_text())
    assert uid in site.builders
    become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    with subprocess.Popen([*become, "sleep", "600"], cwd="/", start_new_session=True) as stranger:
        try:
            site.server.wait_for(lambda: stranger.pid in processes.of_user(uid), "the process to be the user's", 10)
            gate.touch()
            path = f"/teams/main/pipelines/stranger-{kind}/jobs/attack/builds/{number}"
            site.server.wait_for(lambda: site.server.get(path)["status"] == "succeeded", "the build to end", 30)
            stranger.wait(timeout=DEADLINE)
        finally:
            stranger.kill()
