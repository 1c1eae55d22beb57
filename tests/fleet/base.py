"""The tree that every host starts from: Debian, made once, with all packages that a playbook may ask for beside it."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from pathlib import Path

from tests.fleet.machine import CACHE, FleetError, call

SUITE = "bookworm"
ADMIN = "admin"  # logs in with the run's key and may use sudo, as on a cloud's image
MINUTES = 60.0

INSTALLED = ["ca-certificates", "dbus", "iproute2", "openssh-server", "procps", "python3", "python3-apt", "sudo"]
INSTALLED += ["systemd", "systemd-sysv"]

# What `apt-get install` finds in a host, with all that these depend on, without any network.
OFFERED = ["acl", "git", "haproxy", "nats-server", "openjdk-17-jre-headless", "openssl", "postgresql"]
OFFERED += ["python3-packaging", "python3-psycopg2", "python3-venv", "rabbitmq-server"]

SETUP = f"""\
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install --yes -qq --download-only --no-install-recommends {" ".join(OFFERED)}
mkdir -p /srv/packages
mv /var/cache/apt/archives/*.deb /srv/packages/
useradd --create-home --shell /bin/bash {ADMIN}
echo '{ADMIN} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{ADMIN}
install -d -m 0700 /root/.ssh
install -d -m 0700 -o {ADMIN} -g {ADMIN} /home/{ADMIN}/.ssh
mkdir -p /var/log/journal
ssh-keygen -A
truncate -s 0 /etc/machine-id
rm -f /etc/hostname
echo 'LANG=C.UTF-8' >/etc/default/locale
rm -rf /var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
"""

KEY = hashlib.sha256(repr((SUITE, INSTALLED, SETUP, "1")).encode()).hexdigest()[:12]


def base_tree() -> Path:
    """Find the tree, or make it, which takes some minutes and Debian's archive. Raises FleetError."""
    tree = CACHE / f"base-{KEY}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not tree.exists():
            partial = tree.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            _make(partial)
            partial.rename(tree)
    return tree


def _make(tree: Path) -> None:
    included = ",".join(INSTALLED)
    call(["debootstrap", "--variant=minbase", f"--include={included}", SUITE, tree, *_mirror()], timeout=15 * MINUTES)
    resolver = tree / "etc" / "resolv.conf"
    shutil.copy("/etc/resolv.conf", resolver)
    call(["chroot", tree, "sh", "-c", SETUP], timeout=15 * MINUTES)
    resolver.write_text("")
    packages = tree / "srv" / "packages"
    (packages / "Packages").write_text(_index(packages), encoding="utf-8")
    call(["chroot", tree, "apt-get", "update", "-qq"])


def _mirror() -> list[str]:
    """Name the archive that this machine itself uses; without one, debootstrap has its own."""
    fields = ["--format", "$(REPO_URI)", f"Codename: {SUITE}", "Identifier: Packages", "Component: main"]
    try:
        return call(["apt-get", "indextargets", *fields]).split()[:1]
    except FleetError:
        return []  # not a Debian machine


def _index(packages: Path) -> str:
    """Describe the packages for apt, as Debian's `Packages` file does."""
    entries = []
    for package in sorted(packages.glob("*.deb")):
        control = call(["dpkg-deb", "--field", package]).rstrip()
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        entries.append(f"{control}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\n")
    return "\n".join(entries)
