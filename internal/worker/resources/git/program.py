"""Running git with the credentials of a resource, none of which ever stands on a command line or in a repository.

git reads no settings but ours: neither the machine's nor a user's, and of a repository only what the worker wrote. Of a
pipeline's environment variables it sees all but its own, `GIT_*`, such as `HTTPS_PROXY`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.git.ssh import Ssh
from pikoci.internal.worker.resources.model import ResourceCall, require
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.outcome import Outcome

_ERROR_EXCERPT = 600
# A prompt names the host, and only the resource's own gets an answer: not one that a redirect, a submodule or Git LFS
# leads to. git shows user names as they are, with slashes and quotes; Git LFS shows a path after the host.
ASKPASS = """#!/bin/sh
address=${1#*://}
address=${address%[\\'\\"]*}
case "$address" in
    */*@*) exit 1 ;;
    */*) host=${address%%/*} ;;
    *) host=${address##*@} ;;
esac
[ "$host" = "$PIKOCI_GIT_HOST" ] || exit 1
case "$1" in
    Username*) printf '%s\\n' "$PIKOCI_GIT_USERNAME" ;;
    *) printf '%s\\n' "$PIKOCI_GIT_PASSWORD" ;;
esac
"""
_CONFIG = {
    "advice.detachedHead": "false",
    "core.attributesFile": "/dev/null",
    "core.commitGraph": "false",
    "core.excludesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.multiPackIndex": "false",
    "credential.helper": "",
    "gc.autoDetach": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "120",
    "init.defaultBranch": "main",
    "maintenance.autoDetach": "false",
    "protocol.ext.allow": "never",
}
_LFS = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
}
_NO_HOME = "/nonexistent"


class Git:
    """git for one check, pull or push. `remote` runs see the credentials; all others do without.

    `trusted` are directories that git may work in although they belong to another user.
    """

    def __init__(self, call: ResourceCall, source: GitSource, trusted: Iterable[Path] = ()) -> None:
        self._call = call
        self._ssh = Ssh(call, source)
        self.has_lfs = shutil.which("git-lfs", path=call.environment.get("PATH")) is not None
        settings = _safe_directories([*map(str, trusted), *_local_repositories(source)])
        self._plain = {
            **call.environment,
            **{name: value for name, value in call.visible.items() if not name.startswith("GIT_")},
            "HOME": _NO_HOME,
            "XDG_CONFIG_HOME": _NO_HOME,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(call.workspace.write_private(settings, suffix=".gitconfig")),
            "GIT_CEILING_DIRECTORIES": str(call.workspace.root),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "git:http:https:ssh" + (":file" if source.is_local else ""),
            "LC_ALL": "C",
            **_config({**_CONFIG, **(_LFS if self.has_lfs else {})}),
        }
        self._local = {**self._plain, "GIT_ALLOW_PROTOCOL": "file"}
        self._with_credentials = {**self._plain, **self._credentials(source)}

    def remote(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> bytes:
        """Run a git command that talks to the repository's host, and return what it prints. Raises StepError."""
        try:
            return self._run(arguments, {**self._with_credentials, **(env or {})}, cwd)
        finally:
            self._ssh.learn()

    def local(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> bytes:
        """Run a git command that stays on this machine, and return what it prints. Raises StepError."""
        return self._run(arguments, {**self._local, **(env or {})}, cwd)

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
        return call.commands.capture(["git", *arguments], env, cwd, call.lifetime, show_and_keep, limit)

    def _credentials(self, source: GitSource) -> dict[str, str]:
        found = {"GIT_SSH_COMMAND": self._ssh.command}
        if source.ca_cert:
            found["GIT_SSL_CAINFO"] = str(self._call.workspace.write_private(source.ca_cert, suffix=".pem"))
        if source.password and source.host:
            askpass = self._call.workspace.write_private(ASKPASS, suffix=".askpass", executable=True)
            found |= {
                "GIT_ASKPASS": str(askpass),
                "PIKOCI_GIT_HOST": source.host,
                "PIKOCI_GIT_USERNAME": source.username,
                "PIKOCI_GIT_PASSWORD": source.password,
            }
        return found


def _config(values: dict[str, str]) -> dict[str, str]:
    """Settings as variables, which are stronger than those of any repository."""
    found = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (name, value) in enumerate(values.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _local_repositories(source: GitSource) -> list[str]:
    """Where git may find the repository of an address on this machine; its owner need not be who runs git."""
    path = unquote(urlsplit(source.url).path) if source.url.startswith("file:") else source.url
    if not source.is_local or not path.startswith("/"):
        return []
    places = {path.rstrip("/"), str(Path(path).resolve())}
    return [f"{place}{suffix}" for place in sorted(places) for suffix in ("", "/.git", ".git")]


def _safe_directories(paths: list[str]) -> str:
    """A settings file, which processes that git starts on another repository read too."""
    escaped = (path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for path in paths)
    return "[safe]\n" + "".join(f'\tdirectory = "{path}"\n' for path in escaped)
