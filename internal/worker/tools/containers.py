"""Commands in containers: the image, the container, its environment and mounts, and its end whatever happens.

The program runs as the user that the build's other commands run as, never with more rights. With podman that is the
limit of what a container may do. A daemon has rights of its own, so a build user is not let near one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from gevent.lock import RLock

from pikoci.internal.domain.containers import WORKDIR
from pikoci.internal.domain.duration import format_duration
from pikoci.internal.worker.process import ExitResult, Invocation, Reason
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.caches import in_use
from pikoci.internal.worker.tools.commands import Commands, Sink, Tail
from pikoci.internal.worker.tools.container_environment import handed_over
from pikoci.internal.worker.tools.container_line import OWN_PLACE, ContainerLine
from pikoci.internal.worker.tools.container_program import LABEL, ContainerProgram, Flavour
from pikoci.internal.worker.tools.environment import base_variables
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import Outcome, StepError, failed, stopped
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import BuildUser

_log = structlog.get_logger(__name__)
_EXCERPT = 500
_NOT_RUN = 125  # the program's own failures; what the command's status is, it passes on
# A build user's /tmp is its own. The program refuses a longer path, and another one than before.
_RUN_ROOT = "/tmp/.pikoci-containers"  # noqa: S108
_PLACES = {"PIKOCI_OUTPUT": f"{OWN_PLACE}/output", "CACHE_DIR": f"{OWN_PLACE}/cache"}
_NOT_ALLOWED = "this worker gives containers no such rights unless it has --allow-privileged-containers"
# The work directory may belong to another user than the container's, which git would not trust.
_SAFE_DIRECTORIES = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


@dataclass(slots=True)
class Containers:
    """Runs the containers of one build or check."""

    program: ContainerProgram
    settings: WorkerSettings
    workspace: Workspace
    team: str
    own_places: bool = field(kw_only=True)
    _store: list[str] = field(default_factory=list, init=False)
    _images: set[str] = field(default_factory=set, init=False)
    _opening: RLock = field(default_factory=RLock, init=False)

    def run(
        self,
        commands: Commands,
        line: ContainerLine,
        env: Mapping[str, str],
        lifetime: Lifetime,
        on_output: Sink,
        on_stderr: Sink | None,
    ) -> Outcome:
        """Run a command in a new container, which is gone afterwards. Raises StepError and OSError."""
        flavour = self.prepare(commands, line, lifetime, on_stderr or on_output)
        name = f"pikoci-{self.settings.mark}-{secrets.token_hex(6)}"
        argv, own = self._argv(name, flavour, line, env)
        said = Tail(_EXCERPT)

        def keep(data: bytes) -> None:
            said.write(data)
            (on_stderr or on_output)(data)

        outcome: Outcome | None = None
        try:
            sinks = (keep, None) if on_stderr is None else (on_output, keep)
            outcome = commands.run(argv, self._client(own), self.workspace.work, lifetime, *sinks)
        finally:
            ended = outcome is not None and outcome.exit_code not in (None, _NOT_RUN)
            if not ended or flavour is Flavour.DAEMON:
                self._remove(commands, name, flavour)
        if outcome.exit_code == _NOT_RUN:
            self._images.discard(line.image)
            reason = f"{outcome.reason}: the container could not be started, or its command ended so"
            return failed(": ".join(filter(None, [reason, said.text()])), outcome.exit_code)
        return outcome

    def prepare(self, commands: Commands, line: ContainerLine, lifetime: Lifetime, log: Sink) -> Flavour:
        """See to all that a container needs, its image above all. Raises StepError for what cannot be had, and OSError.

        For the same line it is done once.
        """
        flavour = self.program.flavour(commands.spawner)
        if line.is_prepared:
            return flavour
        self._permit(line)
        self._enter(commands, flavour, lifetime)
        self._provide(commands, line, lifetime, log)
        if self.workspace.user is None:
            self.program.remember()
        line.is_prepared = True
        return flavour

    def find(self) -> str:
        """The path of the container program. Raises StepError if there is none."""
        return self.program.find()

    def _permit(self, line: ContainerLine) -> None:
        grants = line.options.grants
        if grants and not self.settings.allow_privileged_containers:
            asked = ", ".join(dict.fromkeys(grants))
            raise StepError(failed(f"the container asks for {asked}; {_NOT_ALLOWED}"))

    def _enter(self, commands: Commands, flavour: Flavour, lifetime: Lifetime) -> None:
        """Have a store of images: the program's own, or the build user's, which is opened once for the build."""
        user = self.workspace.user
        if user is None:
            self._images = self.program.images
            return
        if flavour is not Flavour.PODMAN:
            reason = f"builds of this worker run as users of their own, and {self.program.find()} would run containers"
            raise StepError(failed(f"{reason} with the rights of its daemon; install podman, see docs/security.md"))
        if not self.own_places:
            reason = "builds of this worker have no namespaces of their own, without which they cannot have containers"
            raise StepError(failed(f"{reason}; give the worker CAP_SYS_ADMIN, see docs/security.md"))
        with self._opening:  # steps may begin at once
            if not self._store:
                self._store = self._open(user, lifetime)
                self._ask(commands, *self.program.removal(flavour), "--all")  # what a build left that was killed

    def _open(self, user: BuildUser, lifetime: Lifetime) -> list[str]:
        """Take the team's store for this user until the build ends; gives the options that name it."""
        team = hashlib.sha256(self.team.encode()).hexdigest()
        cache = self.settings.workdir / "cache" / "containers" / team
        store = self.workspace.held.enter_context(in_use(cache, lifetime, alone=True, user=user))
        return [
            "--log-level=fatal",  # podman warns at each command of what is meant here: that the user is one alone
            f"--root={store}",
            f"--runroot={_RUN_ROOT}",
            "--storage-opt=overlay.ignore_chown_errors=true",
        ]

    def _provide(self, commands: Commands, line: ContainerLine, lifetime: Lifetime, log: Sink) -> None:
        """See to it that the image is there. Raises StepError with the reason if it can't be had."""
        pull = line.options.pull or "missing"
        if pull != "always":
            if line.image in self._images:
                return
            result, said = self._ask(commands, "image", "inspect", "--format={{.Id}}", line.image)
            if result.succeeded:
                self._images.add(line.image)
                return
            if result.exit_code is None:
                raise StepError(failed(self.program.silence(result, said)))
            if pull == "never":
                raise StepError(failed(f'the image "{line.image}" is not on this worker, and pull is never'))
        self._pull(commands, line.image, lifetime, log)
        self._images.add(line.image)

    def _pull(self, commands: Commands, image: str, lifetime: Lifetime, log: Sink) -> None:
        said = Tail(_EXCERPT)

        def keep(data: bytes) -> None:
            said.write(data)
            log(data)

        argv = [self.program.find(), *self._store, "pull", image]
        command = Invocation(argv, "/", self._client({}), user=commands.user)
        result = commands.spawner.run(
            command,
            keep,
            timeout=self.settings.pull_timeout,
            cancel=lifetime.stopped,
            grace=commands.grace,
            deadline=commands.control.deadline,
        )
        if lifetime.cause is not None:
            raise StepError(stopped(lifetime.cause))
        if result.reason is Reason.TIMEOUT:
            limit = format_duration(self.settings.pull_timeout)
            raise StepError(failed(f'the image "{image}" could not be pulled within {limit}: {said.text()}'))
        if not result.succeeded:
            raise StepError(failed(f'the image "{image}" could not be pulled: {said.text() or result.describe()}'))

    def _argv(
        self, name: str, flavour: Flavour, line: ContainerLine, env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """The argument vector, and the variables that the program itself is given. Raises StepError and OSError."""
        given = self._given(env, apart=line.apart)
        mounts = line.mounts if line.apart else [f"{self.workspace.work}:{WORKDIR}", *line.mounts]
        for variable, place in _PLACES.items():
            if variable in env:
                given[variable] = place
                mounts.append(f"{env[variable]}:{place}")
        if "PIKOCI_OUTPUT" in env:
            self.workspace.make_private(Path(env["PIKOCI_OUTPUT"]))
        variables = handed_over({**given, **line.options.env}, self.workspace)
        argv = [self.program.find(), *self._store, "run", f"--name={name}", "--pull=never"]
        if flavour is Flavour.PODMAN:
            argv.append("--rm")  # the client of a daemon may ask for the status only when all is removed
        argv += [f"--label={label}" for label in self._labels()]
        argv += ["--security-opt=label=disable", *variables.options]
        argv += [f"--volume={mount}" for mount in mounts]
        argv += [*([] if line.apart else [f"--workdir={WORKDIR}"]), *self._user(flavour, line), *line.options.argv]
        if line.entrypoint:
            argv.append(f"--entrypoint={line.entrypoint}")
        return [*argv, line.image, *line], variables.of_program

    def _given(self, env: Mapping[str, str], *, apart: bool) -> dict[str, str]:
        """The variables that the pipeline gives to the command; the rest belong to this machine, but for proxies."""
        own = base_variables(self.settings.environment, self.workspace)
        given = {n: v for n, v in env.items() if own.get(n) != v or n.lower().endswith("_proxy")}
        return given if apart else {**_SAFE_DIRECTORIES, **given, "WORKDIR": WORKDIR}

    def _labels(self) -> list[str]:
        root = self.workspace.root
        what, _, claim = root.name.partition("-")
        kind = "build" if root.parent.name == "builds" else "check"
        return [f"{LABEL}={self.settings.mark}", f"pikoci.{kind}={what}", f"pikoci.claim={claim}"]

    def _user(self, flavour: Flavour, line: ContainerLine) -> list[str]:
        """Have files of the container belong to whoever runs the program, so that they can be read and removed."""
        uid, gid = os.geteuid(), os.getegid()
        if line.apart:
            if flavour is Flavour.DAEMON or (uid == 0 and self.workspace.user is None):
                return []
            # Root of its own namespace, where there may be nobody else: so it may become another one there.
            return ["--user=0:0", *(["--cap-add=SYS_ADMIN"] if line.leaves_root else [])]
        if uid == 0 or self.workspace.user is not None:
            return []
        if flavour is Flavour.DAEMON:
            return [] if line.options.user else [f"--user={uid}:{gid}"]
        wanted, _, group = line.options.user.partition(":")
        if wanted.isdecimal() and int(wanted):
            return [f"--userns=keep-id:uid={wanted},gid={group if group.isdecimal() else wanted}"]
        return []

    def _client(self, own: Mapping[str, str]) -> dict[str, str]:
        """The environment of the program itself."""
        base = base_variables(self.settings.environment, self.workspace)
        if self.workspace.user is None:
            return {**base, **self.settings.container_environment, **own}
        known = self.settings.container_environment
        shared = {name: value for name, value in known.items() if name.startswith("CONTAINERS_")}
        return {**base, **shared, "XDG_RUNTIME_DIR": "/tmp", **own}  # noqa: S108 - its own

    def _ask(self, commands: Commands, *arguments: str) -> tuple[ExitResult, str]:
        return self.program.ask(commands.spawner, [*self._store, *arguments], self._client({}), commands.user)

    def _remove(self, commands: Commands, name: str, flavour: Flavour) -> None:
        """Kill and remove a container whose end nobody saw; if the program does not answer, the next start does it."""
        result, said = self._ask(commands, *self.program.removal(flavour), name)
        if not result.succeeded and "no such container" not in said.lower():
            reason = self.program.silence(result, said)
            _log.warning("cannot remove a container; it may still run", container=name, error=reason)
