"""What this machine must offer so that hosts can be started on it, and where they are kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(os.environ.get("PIKOCI_FLEET_CACHE", "/var/cache/pikoci-fleet"))
RUNS = CACHE / "runs"
PATH = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"  # which `su` leaves out

# program -> Debian package
PROGRAMS = {
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "journalctl": "systemd",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
}


class FleetError(Exception):
    """A host, its network or what is put on it can't be had; the text says why."""


def require_hosts() -> None:
    """Raise FleetError, with the way out, where hosts can't be started."""
    if os.geteuid() != 0:
        raise FleetError("hosts need root: they are mounts, network namespaces and processes of systemd; run as root")
    lacking = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=PATH) is None})
    if lacking:
        raise FleetError(f"hosts need more of Debian's packages: apt-get install {' '.join(lacking)}")
    if sys.version_info[:2] != (3, 11):
        raise FleetError("hosts run Debian 12's Python 3.11, and so must what makes their wheels: use Python 3.11")


def call(command: Sequence[str | Path], *, timeout: float = 60, text: str = "") -> str:
    """Run a program of this machine; its standard output. Raises FleetError when it fails."""
    arguments = [str(part) for part in command]
    environment = {**os.environ, "PATH": PATH}
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=timeout, check=True, input=text, env=environment
        )
    except subprocess.CalledProcessError as error:
        raise FleetError(f"{' '.join(arguments)}: {error.stderr[-2000:] or error.stdout[-2000:]}") from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise FleetError(f"{' '.join(arguments)}: {error}") from error
    return done.stdout
