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

    An empty `entrypoint` leaves the image's. `script` is mounted where the vector expects it. One that is `apart` sees
    nothing of the build. One that `leaves_root` stops being root in the container by itself.
    """

    apart = False
    leaves_root = False
    is_prepared = False

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


def container_line(params: Mapping[str, object], workspace: Workspace, network: str = "") -> ContainerLine:
    """What the params of a `docker` command say. Its script becomes a private file. Raises StepError.

    It has the `network` if its params name none.
    """

    def inside(name: str) -> str:
        path = workspace.inside(name)
        if not workspace.has(name):
            raise ContainerOptionError(f'volumes: there is no "{name}" in the work directory')
        return str(path.resolve())

    try:
        image, options = image_of(params), read_options(params, inside)
    except ValueError as error:
        raise StepError(failed(f"the docker runner: {error}")) from error
    if network and not any(option.startswith("--network=") for option in options.argv):
        options.argv.append(f"--network={network}")
    entrypoint = params.get("entrypoint", [])
    if isinstance(entrypoint, list) and entrypoint:
        program, *arguments = (str(item) for item in entrypoint)
        return ContainerLine(arguments, image, options, program)
    script = _script(str(params.get("cmd", "")), workspace)
    return ContainerLine(["/bin/sh", "-e", _SCRIPT], image, options, script=script)


def service_line(
    params: Mapping[str, object], script: str, workspace: Workspace, *, leaves_root: bool
) -> ContainerLine:
    """A server in a container on the machine's own network, apart from the build, as one program of the image.

    `params` are those of a `docker` command. Raises StepError.
    """
    try:
        image, options = image_of(params), read_options({**params, "network": "host"})
    except ValueError as error:
        raise StepError(failed(str(error))) from error
    line = ContainerLine(["-e", _SCRIPT], image, options, "/bin/sh", _script(script, workspace))
    line.apart, line.leaves_root = True, leaves_root
    return line


def _script(text: str, workspace: Workspace) -> Path:
    script = workspace.write_private(text, suffix=".sh")
    if workspace.user is None:
        script.chmod(0o644)  # for any user of an image; on this machine nobody else can enter the directory
    return script
