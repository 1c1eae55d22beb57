"""What one build leaves for the next, which may be the same user's."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from typing import Any

from tests.attack.site import Site, job, tags

#: Places that belong to nobody but the build, with users for builds; without, the machine's are everybody's.
PLACES = (
    "file:/tmp", "file:/var/tmp", "file:/dev/shm", "shared-memory", "semaphores", "messages", "keyring", "home",
    "shell",
)  # fmt: skip
#: What is a build's own in any case.
OWN = ("tmpdir", "environment")


def forget(targets: dict[str, Any]) -> None:
    """Take away what stays on the machine where nothing holds it back."""
    for place in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue"):
        Path(place, targets["token"]).unlink(missing_ok=True)
    for option in ("-M", "-S", "-Q"):
        subprocess.run(["ipcrm", option, str(targets["key"])], check=False, capture_output=True)


def test_nothing_waits_for_the_next_build(site: Site, kind: str) -> None:
    told = {
        "token": f"left-{os.getpid()}-{site.way}-{kind}",
        "key": random.randrange(1 << 20, 1 << 30),
        "processes": {"worker": site.worker_pid(kind)},
        "loot": str(site.loot / "left"),
    }
    name = f"next-{kind}"
    try:
        # The same job's next build gets the same user.
        site.set_pipeline(name, job("leaving", site.probe("leaving", told), tags(kind)))
        left = site.run(name, "leaving")
        left.require_tried("file:", "shared-memory", "keyring", "home:.gitconfig", "umask", "limit-of-worker")
        site.set_pipeline(name, job("leaving", site.probe("looking", told), tags(kind)))
        done = site.run(name, "leaving")
        done.require_tried("file:", "shared-memory", "keyring", "home", "shell", "umask", "user")
    finally:
        forget(told)
        for stray in (site.base / "home").rglob("*"):
            if stray.is_file() and stray.name != "client.json":
                stray.unlink()
    met = {place for place in (*PLACES, *OWN) if done.answers[place] not in {"ENOENT", "EACCES", "ENOKEY"}}
    # Where everybody may write and no mount lies, things stay, as docs/security.md says.
    assert done.answers["file:/run/lock"].startswith("had") == left.answers["file:/run/lock"].startswith("had")
    assert met == (set(PLACES) if site.way == "plain" else set())
    assert [
        name for name in done.answers if name.startswith("path:") and done.answers[name] not in {"ENOENT", "EACCES"}
    ] == []
    assert int(done.answers["limit"]) > 3
    assert done.answers["umask"] == "0o22"
    if site.way != "plain":
        assert list(site.loot.glob(f"{told['token']}*")) == []
        assert done.answers["core-limit"] != "0"
        assert left.answers["limit-of-worker"] == "EPERM"
