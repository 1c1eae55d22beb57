"""A full disk, and what is hard to remove."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.attack.site import Site
from tests.attack.victim import running_victim

#: What the small disk of the worker apart does not hold.
MEGABYTES, FILES = 64, 20_000
DEADLINE = 15.0


def wait_for(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    limit = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < limit, what()
        time.sleep(0.05)


def left_in(work: Path) -> list[str]:
    """What is left of builds."""
    return [str(path) for name in ("builds", "removed") for path in (work / name).glob("*")]


def test_a_full_disk_is_empty_again(site: Site) -> None:
    """Space and inodes of the work directory are used up; deep trees, closed directories and odd names are left."""
    work = site.workdirs["apart"]
    links = ["/etc/passwd", str(work / "identity.json"), str(site.database), "/", "..", "/dev/zero"]
    told = {"megabytes": MEGABYTES, "files": FILES, "links": links}
    done = site.attempt("apart", "filling", told)
    done.require_tried("deep", "names", "closed", "fifo", "links", "many", "fill")
    assert "ENOSPC" in done.answers["fill"] + done.answers["many"], done.answers
    assert done.answers["deep"].startswith("had"), done.answers
    worker = site.worker
    assert worker is not None
    assert worker.process is not None
    assert worker.process.poll() is None
    wait_for(lambda: left_in(work) == [], lambda: left_in(work))
    assert site.attempt_shell("apart", "echo next").status == "succeeded"
    assert (work / "identity.json").stat().st_size > 0


def in_worker(site: Site, kind: str, *command: str) -> None:
    """Do something as root where the worker is."""
    subprocess.run(["nsenter", f"--target={site.worker_pid(kind)}", "--mount", *command], check=True)


def test_mounts_immutable_and_foreign_files_stop_no_cleaning(site: Site) -> None:
    """Planted from outside, by somebody with the rights: only what resists stays, and is named."""
    work = site.workdirs["embedded"]
    precious = site.folder("precious")
    (precious / "file").write_text("precious")
    with running_victim(site, "embedded") as victim:
        room = victim.root / "work"
        for name in ("mnt", "fixed", "foreign/in", "closed"):
            (room / name).mkdir(parents=True)
        (room / "fixed" / "file").write_text("x")
        owner = room.stat()
        os.chown(room / "fixed", owner.st_uid, owner.st_gid)
        for number in range(20):  # some of them come after the one that resists
            (room / "fixed" / f"closed-{number}").write_text("x")
        (room / "foreign" / "in" / "file").write_text("x")
        (room / "foreign" / "in").chmod(0)
        in_worker(site, "embedded", "mount", "--bind", str(precious), str(room / "mnt"))
        subprocess.run(["chattr", "+i", str(room / "fixed" / "file")], check=True)
        victim.finish()
    wait_for(lambda: "mnt" in server_log(site) and "fixed" in server_log(site), lambda: server_log(site)[-2000:])
    assert (precious / "file").read_text() == "precious"
    left = [path for path in work.rglob("*") if path.name == "kept" or path.name.startswith("closed")]
    assert left == []
    assert site.attempt_shell("embedded", "echo next").status == "succeeded"


def server_log(site: Site) -> str:
    return site.server.log.read_text(errors="replace")
