"""Reading secrets from where they are kept: files, Vault, the server, and the commands of a pipeline's own types.

A file is read by a command that runs as a task's would: a pipeline gets no file by a secret that it could not get by a
task. What a command prints is shown nowhere, as it may be the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.builtin import OWN_STORE
from pikoci.internal.domain.gateway import BuildAssignment, CheckAssignment
from pikoci.internal.domain.plan import Command, Json, SecretType
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import Commands, Sink, Tail
from pikoci.internal.worker.tools.environment import base_variables, parameters
from pikoci.internal.worker.tools.interruption import interruptible
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import Outcome, StepError, errored, stopped
from pikoci.internal.worker.tools.own_store import OwnStore
from pikoci.internal.worker.tools.runners import CommandLines
from pikoci.internal.worker.tools.secret_error import SecretError
from pikoci.internal.worker.tools.secret_values import read_file, read_object
from pikoci.internal.worker.tools.secrets import SecretReader
from pikoci.internal.worker.tools.vault import read_vault
from pikoci.internal.worker.tools.workspace import Workspace


class _Limit(NamedTuple):
    """Bytes of output, and seconds."""

    output: int
    seconds: float


_OF_FILE = _Limit(256 * 1024, 30.0)
_OF_COMMAND = _Limit(1024 * 1024, 60.0)
_EXCERPT = 500
# The path may be a secret itself: it stands in the environment, not on the command line.
_READ_FILE = ("/bin/sh", "-c", 'exec cat <"$secret_path"')


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretStores:
    """What reads secrets for one build or check. Its commands start from `environment`, in the work directory."""

    commands: Commands
    command_lines: CommandLines
    workspace: Workspace
    environment: Mapping[str, str]
    own: OwnStore

    def read(
        self, kind: SecretType, config: Mapping[str, Json], path: str, fill: Callable[[Any], Any], lifetime: Lifetime
    ) -> Mapping[str, object]:
        """The values of the secret at `path` by their keys. Raises SecretError, and StepError when it is stopped."""
        if kind.get is not None:
            command = msgspec.structs.replace(kind.get, params=fill(kind.get.params))
            return self._get(command, {**config, "path": path} if path else config, lifetime)
        texts = {name: value for name, value in config.items() if isinstance(value, str)}
        if kind.builtin == "file":
            return read_file(self._file(path, lifetime), path, texts.get("format", ""))
        if kind.builtin == OWN_STORE:
            return self.own.read(path, lifetime)
        if kind.builtin == "vault":
            return interruptible(lifetime, lambda: read_vault(texts, path))
        raise StepError(errored(f'this worker has no built-in secret type "{kind.builtin}"; it may be too old'))

    def _file(self, path: str, lifetime: Lifetime) -> bytes:
        if not path or "\0" in path:
            raise SecretError("the path of the file is empty, or holds a NUL character")
        said = Tail(_EXCERPT)
        env = {**self.environment, "LC_ALL": "C", "secret_path": path}
        outcome, output = self._capture(_READ_FILE, env, lifetime, said.write, _OF_FILE, f'the file "{path}"')
        if not outcome.ok:
            reason = said.text().rpartition(": ")[2] or outcome.reason
            raise SecretError(f'the file "{path}" cannot be read: {reason}')
        return output

    def _get(self, command: Command, config: Mapping[str, Json], lifetime: Lifetime) -> Mapping[str, object]:
        visible = {**self.command_lines.parameters(command), **parameters("param", config)}
        argv = self.command_lines.argv(command, visible)
        env = {**self.environment, **visible}
        what = "its get command"
        outcome, output = self._capture(argv, env, lifetime, _nowhere, _OF_COMMAND, what)
        if not outcome.ok:
            raise SecretError(f"{what} failed: {outcome.reason}")
        return read_object(output.rstrip().rpartition(b"\n")[2], f"the last line of {what}")

    def _capture(
        self, argv: Sequence[str], env: Mapping[str, str], lifetime: Lifetime, on_stderr: Sink, limit: _Limit, what: str
    ) -> tuple[Outcome, bytes]:
        with lifetime.nested(limit.seconds) as limited:
            try:
                outcome, output = self.commands.capture(
                    argv, env, self.workspace.work, limited, on_stderr, limit.output
                )
            except StepError as error:  # that is the only one
                raise SecretError(f"{what} holds more than {limit.output} bytes") from error
        if lifetime.cause is not None:
            raise StepError(stopped(lifetime.cause))
        if outcome.cause is not None:
            raise SecretError(f"{what} did not end in {limit.seconds:g} s")
        if outcome.status is StepStatus.ERRORED:
            raise StepError(outcome)
        return outcome, output


def reader_of(
    assignment: BuildAssignment | CheckAssignment,
    masks: list[str],
    commands: Commands,
    workspace: Workspace,
    settings: WorkerSettings,
    own: OwnStore,
) -> SecretReader:
    """What completes the texts of a build's or check's plan; `masks` grows by the values."""
    store = SecretStores(
        commands=commands,
        command_lines=CommandLines(assignment.runner_types, workspace, Masker(masks)),
        workspace=workspace,
        environment=base_variables(settings.environment, workspace),
        own=own,
    )
    return SecretReader(assignment.secrets, masks, store)


def _nowhere(_: bytes) -> None:
    """What a command says may be the secret."""
