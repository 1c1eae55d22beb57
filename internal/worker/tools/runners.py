"""From a `run` block to a process: the runners `exec`, `shell` and `docker`, and those that a pipeline defines.

A command line can be read by every user of the machine. So a script travels in a private file, and `$env` names a
secret variable without its value (`-e TOKEN`). A secret that a pipeline writes into arguments itself stays there;
setting the pipeline warned of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pikoci.internal.domain.plan import PLACEHOLDER, Command, RunnerType
from pikoci.internal.domain.variables import fault_of
from pikoci.internal.worker.tools.container_line import container_line
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError, errored, failed
from pikoci.internal.worker.tools.workspace import Workspace

_STRICT_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "ash"})


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class CommandLines:
    """Turns commands into argument vectors, for one build or check. `fill` completes their params with secrets.

    Containers of the docker runner have the `network`, unless they name one.
    """

    types: Sequence[RunnerType]
    workspace: Workspace
    masker: Masker
    fill: Callable[[Any], Any] = _as_it_is
    network: str = ""

    def argv(self, command: Command, visible: Mapping[str, str]) -> list[str]:
        """The argument vector of `command`. `visible` are the variables that `$env` hands on.

        Raises StepError for an unknown runner, a bad parameter, and a secret that cannot be had.
        """
        own = next((kind for kind in self.types if kind.name == command.runner), None)
        params = self.fill(command.params)
        if own is not None:
            return self._expand(own, params, visible)
        match command.runner:
            case "shell":
                return self._shell(params)
            case "exec":
                return _exec(params)
            case "docker":
                return container_line(params, self.workspace, self.network)
        reason = f'there is no runner "{command.runner}" on this worker; it has exec, shell and docker'
        raise StepError(errored(reason))

    def parameters(self, command: Command) -> dict[str, str]:
        """The params of a command of a runner that the pipeline defines, as environment variables; `args` is none.

        A name that a pipeline cannot give to a variable, and a value too long for one, is left out. Raises StepError
        for a secret that cannot be had.
        """
        if all(kind.name != command.runner for kind in self.types):
            return {}
        params = {name: value for name, value in command.params.items() if name != "args"}
        found = {name: text_of(value) for name, value in self.fill(params).items()}
        return {name: value for name, value in found.items() if not fault_of(name, value)}

    def _shell(self, params: Mapping[str, object]) -> list[str]:
        shell = shlex.split(text_of(params.get("shell", "")))
        if "file" in params:
            try:
                file = self.workspace.inside(text_of(params["file"]))
            except ValueError as error:
                raise StepError(failed(f"file of the shell runner: {error}")) from error
            if not self.workspace.has_file(text_of(params["file"])):
                raise StepError(failed(f'the script "{params["file"]}" is not in the work directory'))
            return [*shell, str(file)]
        shell = shell or ["/bin/sh"]
        if len(shell) == 1 and shell[0].rpartition("/")[2] in _STRICT_SHELLS:
            shell.append("-e")
        script = self.workspace.write_private(text_of(params.get("cmd", "")), suffix=".sh")
        return [*shell, str(script)]

    def _expand(self, kind: RunnerType, params: Mapping[str, object], visible: Mapping[str, str]) -> list[str]:
        values = {name: text_of(value) for name, value in params.items() if name != "args"}
        values["WORKDIR"] = str(self.workspace.work)
        argv = [_fill(kind.path, values)]
        for argument in kind.args:
            if argument == "$args":
                argv += _texts(params.get("args", []), "args")
            elif argument == "$env":
                argv += self._env_options(visible)
            else:
                argv.append(_fill(argument, values))
        return argv

    def _env_options(self, visible: Mapping[str, str]) -> list[str]:
        options: list[str] = []
        for name, value in visible.items():
            options += ("-e", name if self.masker.contains_secret(value) else f"{name}={value}")
        return options


def _exec(params: Mapping[str, object]) -> list[str]:
    path = text_of(params.get("path", ""))
    if not path:
        raise StepError(failed("the exec runner needs a path"))
    return [path, *_texts(params.get("args", []), "args")]


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list | tuple):
        raise StepError(failed(f"{name} must be a list, not {value!r}"))
    return [text_of(item) for item in value]


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Replace known placeholders once; what comes in is not looked at again, and unknown ones stay as they are."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
