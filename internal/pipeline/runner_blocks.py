"""Checks what a `docker` command asks of its container, and the `runner` blocks of types."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from pikoci.internal.domain.containers import ContainerOptionError, image_of, read_options
from pikoci.internal.domain.plan import Command, Json, RunnerType
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.sentences import sentence


def check_container(node: Node, given: Mapping[str, Json], report: Report) -> None:
    """Check the form of a container's params; what they are allowed to ask for is decided by each worker."""
    for name, value in given.items():
        if value in ("", []):
            continue  # not given, or not known yet
        try:
            if name == "image":
                image_of(given)
            elif name in ("args", "volumes", "user", "network", "cpus", "memory", "pull"):
                read_options({name: value})
        except ContainerOptionError as error:
            where = node.where(name)
            report.error(where, f'Wrong value for "{name}"', sentence(str(error).partition(": ")[2]))


def in_template(kind: RunnerType, command: Command, given: Mapping[str, Json]) -> dict[str, Json]:
    """The params of an exec command in a runner that the pipeline defines: `$path` and `$args`, or `$cmd`, a line.

    `given` are the params of the type's runner block. A template that has no `$path` has the `args` of these.
    """
    path, arguments = command.params.get("path", ""), command.params.get("args", [])
    assert isinstance(arguments, list)
    if "path" in kind.placeholders:
        return {**given, "path": path, "args": arguments}
    return {**given, "cmd": shlex.join([str(path), *map(str, arguments)])}


def warn_of_runner(node: Node, report: Report) -> None:
    """Warn of a `runner` block of a type that is built in: such a type is a part of the worker, not commands."""
    around = node.only("runner")
    if around is not None:
        report.warning(
            around.block.type_range,
            f'The runner of the {node.type} "{node.labels[0]}" has no effect',
            "What is built in is a part of the worker itself, and needs no programs of an image.",
            "take the runner block out",
        )
