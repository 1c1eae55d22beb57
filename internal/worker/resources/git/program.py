"""Running git with the credentials of a resource, none of which ever stands on a command line or in a repository."""

from __future__ import annotations

import shlex
from pathlib import Path

from pikoci.internal.worker.execution.commands import Tail
from pikoci.internal.worker.execution.outcome import Outcome
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall, require

_ERROR_EXCERPT = 600
# A prompt names the host, and only the resource's own gets an answer: not one that a redirect or a submodule leads to.
_ASKPASS = """#!/bin/sh
case "$1" in
    *"//$PIKOCI_GIT_HOST'"*|*"@$PIKOCI_GIT_HOST'"*|*"//$PIKOCI_GIT_HOST/"*|*"@$PIKOCI_GIT_HOST/"*) ;;
    *) exit 1 ;;
esac
case "$1" in
    Username*) printf '%s\\n' "$PIKOCI_GIT_USERNAME" ;;
    *) printf '%s\\n' "$PIKOCI_GIT_PASSWORD" ;;
esac
"""
# A host that stops answering would hold a step for ever, and the mirror's lock with it.
_SSH_OPTIONS = ("BatchMode=yes", "ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=8")
_CONFIG = {
    "advice.detachedHead": "false",
    "core.fsmonitor": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "120",
    "core.hooksPath": "/dev/null",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "init.defaultBranch": "main",
}


class Git:
    """git for one check, pull or push. `secret` runs see the credentials; all others do without."""

    def __init__(self, call: ResourceCall, source: GitSource) -> None:
        self._call = call
        self._plain = {
            **call.environment,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "git:http:https:ssh" + (":file" if source.is_local else ""),
            "LC_ALL": "C",
            **_config(_CONFIG),
        }
        self._local = {**self._plain, "GIT_ALLOW_PROTOCOL": "file"}
        self._with_credentials = {**self._plain, **self._credentials(source)}

    def remote(self, *arguments: str, cwd: Path) -> bytes:
        """Run a git command that talks to the repository's host, and return what it prints. Raises StepError."""
        return self._run(arguments, self._with_credentials, cwd)

    def local(self, *arguments: str, cwd: Path) -> bytes:
        """Run a git command that stays on this machine, and return what it prints. Raises StepError."""
        return self._run(arguments, self._local, cwd)

    def succeeds(self, *arguments: str, cwd: Path) -> bool:
        """Whether a local git command exits with 0. Raises StepError when it was stopped."""
        stderr = Tail(_ERROR_EXCERPT)
        outcome, _ = self._capture(arguments, self._local, cwd, stderr)
        if outcome.exit_code is None:
            require(outcome, f"git {arguments[0]} failed", stderr)
        return outcome.ok

    def _run(self, arguments: tuple[str, ...], env: dict[str, str], cwd: Path) -> bytes:
        stderr = Tail(_ERROR_EXCERPT)
        outcome, output = self._capture(arguments, env, cwd, stderr)
        require(outcome, f"git {arguments[0]} failed", stderr)
        return output

    def _capture(
        self, arguments: tuple[str, ...], env: dict[str, str], cwd: Path, stderr: Tail
    ) -> tuple[Outcome, bytes]:
        def show_and_keep(data: bytes) -> None:
            stderr.write(data)
            self._call.on_output(data)

        call = self._call
        limit = call.settings.check_output_limit
        return call.commands.capture(["git", *arguments], env, cwd, call.scope, show_and_keep, limit)

    def _credentials(self, source: GitSource) -> dict[str, str]:
        found: dict[str, str] = {}
        if source.password and source.host:
            askpass = self._call.workspace.write_private(_ASKPASS, suffix=".askpass", executable=True)
            found |= {
                "GIT_ASKPASS": str(askpass),
                "PIKOCI_GIT_HOST": source.host,
                "PIKOCI_GIT_USERNAME": source.username,
                "PIKOCI_GIT_PASSWORD": source.password,
                **_config({**_CONFIG, "credential.helper": ""}),
            }
        return found | {"GIT_SSH_COMMAND": self._ssh(source)}

    def _ssh(self, source: GitSource) -> str:
        call = self._call
        command = ["ssh", *(word for option in _SSH_OPTIONS for word in ("-o", option))]
        if source.private_key:
            key = call.workspace.write_private(source.private_key.rstrip() + "\n", suffix=".key")
            command += ["-i", str(key), "-o", "IdentitiesOnly=yes"]
        if source.known_hosts:
            known = call.workspace.write_private(source.known_hosts.rstrip() + "\n", suffix=".known_hosts")
            command += ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
        else:
            kept = call.settings.workdir / "cache" / "known_hosts"
            command += ["-o", f"UserKnownHostsFile={kept}", "-o", "StrictHostKeyChecking=accept-new"]
        return shlex.join(command)


def _config(values: dict[str, str]) -> dict[str, str]:
    """Settings as variables, which are stronger than those of any repository."""
    found = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (name, value) in enumerate(values.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found
