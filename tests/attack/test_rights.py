"""What a build may be, and may do to the machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.attack.site import Site
from tests.attack.test_reading import secrets_of
from tests.services.pikoci import PIKOCI

NO_CAPABILITY = "0" * 16
HELD = {"CapInh": NO_CAPABILITY, "CapPrm": NO_CAPABILITY, "CapEff": NO_CAPABILITY, "CapAmb": NO_CAPABILITY}
#: What the machine refuses to every user without rights.
REFUSED = (
    "setuid:0", "setgid", "setgroups", "su", "sudo", "mount", "unshare-mounts", "chroot", "device", "raw-disk",
    "kernel-memory", "core-pattern", "hostname", "shadow", "passwd", "nice", "program", "program-directory",
)  # fmt: skip


@pytest.fixture
def setuid_python(site: Site) -> Path:
    """A program that belongs to root and runs as root for everybody, as one forgotten on a machine."""
    program = site.base / "setuid-python"
    shutil.copy(Path(sys.executable).resolve(), program)
    program.chmod(0o4755)
    return program


def test_a_build_is_a_user_without_rights(site: Site, kind: str, setuid_python: Path) -> None:
    told = {
        "files": site.files(kind),
        "workdir": str(site.workdirs[kind]),
        "uids": [site.workdirs[kind].stat().st_uid, *site.builders],
        "setuid": str(setuid_python),
        "disk": next(str(disk) for disk in Path("/dev").iterdir() if disk.is_block_device()),
        "program": PIKOCI,
    }
    done = site.attempt(kind, "rights", told)
    done.require_tried(*REFUSED, "setuid-program", "user-namespace", *(f"status:{name}" for name in HELD))
    refused = {name: done.answers[name] for name in REFUSED}
    assert all(answer in {"EPERM", "EACCES", "ENOENT", "EBUSY"} for answer in refused.values()), refused
    assert {name: done.answers[f"status:{name}"] for name in HELD} == HELD
    if site.way == "plain":
        assert done.answers["setuid-program"].startswith("had '0'")  # a program that gives rights gives them to builds
        return
    assert done.answers["setuid-program"] == f"had '{done.answers['status:Uid'].split()[0]}'"
    assert done.answers["status:NoNewPrivs"] == "1"
    uid = int(done.answers["status:Uid"].split()[0])
    assert uid in site.builders
    assert done.answers["status:Groups"] == done.answers["status:Gid"].split()[0]
    others = {name: answer for name, answer in done.answers.items() if name.startswith("setuid:")}
    assert [name for name, answer in others.items() if answer != "EPERM"] == [f"setuid:{uid}"]
    assert [name for name, text in secrets_of(site, kind).items() if done.holds(text)] == []
