"""Processes that want to be there when their build is not."""

from __future__ import annotations

import os
import time

from tests.attack import processes
from tests.attack.site import Site

STAYERS = (
    "setsid", "double-fork", "nohup", "stubborn", "stopped", "forker", "many", "namespaces", "at", "crontab",
)  # fmt: skip
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
