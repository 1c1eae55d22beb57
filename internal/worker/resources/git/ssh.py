"""How git calls ssh, and the keys of hosts that a team has met."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
from pathlib import Path

from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall

# A host that stops answering would hold a step for ever, and the mirror's lock with it.
_OPTIONS = ("BatchMode=yes", "ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=8")
_PLAIN = ("HashKnownHosts=no", "UpdateHostKeys=no")
_KEY = re.compile(r"[\w.:,\[\]-]+ [\w@.-]+ [A-Za-z0-9+/=]+")
_LIMIT = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Ssh:
    """The `command` for one check, pull or push.

    Without `known_hosts` a host's first key is trusted and kept for the team. ssh works on a copy, since it runs as
    the user of the build; `learn` takes over hosts that were not known, and changes none that was.
    """

    def __init__(self, call: ResourceCall, source: GitSource) -> None:
        self._kept = call.settings.workdir / "cache" / "ssh" / hashlib.sha256(call.team.encode()).hexdigest()
        self._copy: Path | None = None
        words = ["ssh", *_with_options(_OPTIONS)]
        if call.user is not None:
            words += ["-F", "/dev/null"]  # the build user's own may come from another build
        if source.private_key:
            key = call.workspace.write_private(source.private_key.rstrip() + "\n", suffix=".key")
            words += ["-i", str(key), *_with_options(("IdentitiesOnly=yes",))]
        if source.known_hosts:
            known = call.workspace.write_private(source.known_hosts.rstrip() + "\n", suffix=".known_hosts")
            words += _with_options((f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes"))
        else:
            self._copy = call.workspace.write_private(_read(self._kept), suffix=".known_hosts")
            words += _with_options((f"UserKnownHostsFile={self._copy}", "StrictHostKeyChecking=accept-new", *_PLAIN))
        self.command = shlex.join(words)

    def learn(self) -> None:
        """Keep the keys of hosts that were met for the first time."""
        if self._copy is None or (met := _read(self._copy)) == _read(self._kept):
            return
        self._kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = os.open(self._kept, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(kept, fcntl.LOCK_EX)  # held for this moment only
            known = {line.split(" ")[0] for line in _read(self._kept).splitlines()}
            lines = [line for line in met.splitlines() if _KEY.fullmatch(line) and line.split(" ")[0] not in known]
            os.write(kept, "".join(f"{line}\n" for line in lines).encode())
        finally:
            os.close(kept)


def _read(path: Path) -> str:
    try:
        file = os.open(path, _READ)
    except OSError:
        return ""
    try:
        return os.read(file, _LIMIT).decode("utf-8", "replace")
    finally:
        os.close(file)


def _with_options(options: tuple[str, ...]) -> list[str]:
    return [word for option in options for word in ("-o", option)]
