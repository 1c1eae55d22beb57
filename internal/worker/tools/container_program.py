"""The program that runs containers on this worker: podman, docker, or one that takes the same arguments."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

import structlog

from pikoci.internal.domain.duration import format_duration
from pikoci.internal.worker.process import ExitResult, Invocation, Reason, User
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import ProcessRunner, Tail
from pikoci.internal.worker.tools.outcome import StepError, failed

LABEL = "pikoci.worker"
_CANDIDATES = ("podman", "docker")
_EXCERPT = 500
_IDS_LIMIT = 1 << 20
_KILLED_AFTER = 1.0

_log = structlog.get_logger(__name__)


class Flavour(Enum):
    """What can be expected of a container program.

    `PODMAN` runs containers itself, as the user that it runs as. `DAEMON` asks a daemon, which has rights of its own.
    """

    PODMAN = auto()
    DAEMON = auto()


class ContainerProgram:
    """Finds the program, asks it short questions, and removes what an earlier life of the worker left with it.

    `images` are those that are known to be there.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._flavour: Flavour | None = None
        self._marker = settings.workdir / "containers"
        self.images: set[str] = set()

    def find(self) -> str:
        """Its path. Raises StepError naming the setting if there is none."""
        wanted = self._settings.container_program
        names = (wanted,) if wanted else _CANDIDATES
        for name in names:
            found = shutil.which(name, path=self._settings.environment.get("PATH"))
            if found is not None:
                return str(Path(found).absolute())
        if wanted:
            raise StepError(failed(f"this worker has no container program: its --container-program is {wanted}"))
        reason = "this worker has no container program: neither podman nor docker is in its PATH"
        raise StepError(failed(f"{reason}; install one, or name one with --container-program"))

    def flavour(self, spawner: ProcessRunner) -> Flavour:
        """What it is, by what it says of itself. Raises StepError if it says nothing."""
        if self._flavour is None:
            result, said = self.ask(spawner, ["--version"], {})
            if not result.succeeded:
                raise StepError(failed(self.silence(result, said)))
            self._flavour = Flavour.PODMAN if "podman" in said.lower() else Flavour.DAEMON
        return self._flavour

    def ask(
        self, spawner: ProcessRunner, arguments: Sequence[str], env: dict[str, str], user: User | None = None
    ) -> tuple[ExitResult, str]:
        """Run it for a short while, whatever stops meanwhile; also what it said. Raises StepError if there is none."""
        said = Tail(_IDS_LIMIT)
        known = {**self._settings.environment, **self._settings.container_environment, **env}
        command = Invocation([self.find(), *arguments], "/", known, user=user)
        result = spawner.run(command, said.write, timeout=self._settings.container_patience, grace=_KILLED_AFTER)
        return result, said.text()

    def removal(self, flavour: Flavour) -> list[str]:
        """Arguments that kill containers, whose names follow, and remove them."""
        return ["rm", "--force", "--volumes", *(["--time=0"] if flavour is Flavour.PODMAN else [])]

    def silence(self, result: ExitResult, said: str) -> str:
        """Why a question was not answered, for people."""
        if result.reason is Reason.TIMEOUT:
            patience = format_duration(self._settings.container_patience)
            return f"the container program {self.find()} did not answer within {patience}"
        return f"the container program {self.find()} does not work: {said[-_EXCERPT:] or result.describe()}"

    def remember(self) -> None:
        """Note that there may be containers, for the next start. Raises OSError."""
        self._marker.touch(mode=0o600)

    def reap(self, spawner: ProcessRunner) -> None:
        """Remove the containers of an earlier run, if it had any. What cannot be removed is logged, and left."""
        if not self._marker.exists():
            return
        try:
            wanted = ["ps", "--all", "--quiet", "--no-trunc", f"--filter=label={LABEL}={self._settings.mark}"]
            result, said = self.ask(spawner, wanted, {})
            ids = said.split() if result.succeeded else []
            if ids:
                result, said = self.ask(spawner, [*self.removal(self.flavour(spawner)), *ids], {})
                _log.warning("removed containers of an earlier run", containers=len(ids))
        except StepError as error:
            _log.warning("cannot look for containers of an earlier run", error=error.outcome.reason)
            return
        if result.succeeded:
            self._marker.unlink(missing_ok=True)
        else:
            _log.warning("cannot remove containers of an earlier run", error=self.silence(result, said))
