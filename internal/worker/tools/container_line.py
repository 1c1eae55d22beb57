"""From the params of a `docker` command to what is to run in which container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pikoci.internal.domain.containers import ContainerOptionError, ContainerOptions, image_of, read_options
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.internal.worker.tools.workspace import Workspace

#: Where in a container the worker's own things are: the script, the output, a cache.
OWN_PLACE = "/pikoci"
_SCRIPT = f"{OWN_PLACE}/script.sh"


class ContainerLine(list[str]):
    """The argument vector of a command that runs inside a container, and the container.

    An empty `entrypoint` leaves the image's. `script` is mounted where the vector expects it.
    """

    def __init__(
        self, argv: list[str], image: str, options: ContainerOptions, entrypoint: str = "", script: Path | None = None
    ) -> None:
        super().__init__(argv)
        self.image = image
        self.options = options
        self.entrypoint = entrypoint
        self.script = script

    @property
    def mounts(self) -> list[str]:
        """What is mounted for the vector, as values of `--volume`."""
        return [] if self.script is None else [f"{self.script}:{_SCRIPT}:ro"]


def container_line(params: Mapping[str, object], workspace: Workspace) -> ContainerLine:
    """What the params of a `docker` command say. Its script becomes a private file. Raises StepError."""

    def inside(name: str) -> str:
        path = workspace.inside(name)
        if not workspace.has(name):
            raise ContainerOptionError(f'volumes: there is no "{name}" in the work directory')
        return str(path.resolve())

    try:
        image, options = image_of(params), read_options(params, inside)
    except ValueError as error:
        raise StepError(failed(f"the docker runner: {error}")) from error
    entrypoint = params.get("entrypoint", [])
    if isinstance(entrypoint, list) and entrypoint:
        program, *arguments = (str(item) for item in entrypoint)
        return ContainerLine(arguments, image, options, program)
    script = workspace.write_private(str(params.get("cmd", "")), suffix=".sh")
    if workspace.user is None:
        script.chmod(0o644)  # for any user of an image; on this machine nobody else can enter the directory
    return ContainerLine(["/bin/sh", "-e", _SCRIPT], image, options, script=script)
