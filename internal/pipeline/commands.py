"""Commands: `run "shell" { cmd = "make" }` and the like, checked against the runner they name."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from pikoci.internal.domain.builtin import BUILTIN_RUNNERS, BuiltinRunner
from pikoci.internal.domain.plan import Command, RunnerType
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.sources import builtin_name


class Runners:
    """The runners that a file may use: those it declares, and the built-in ones."""

    def __init__(self, nodes: Mapping[str, Node], report: Report, masks: Masks) -> None:
        self._report = report
        self._masks = masks
        self._aliases: dict[str, str] = {}
        self._broken: set[str] = set()
        self.declared: dict[str, RunnerType] = {}
        for name, node in nodes.items():
            self._declare(name, node)

    def command(self, node: Node) -> Command:
        """The command of a block whose label names a runner."""
        name = node.labels[0]
        if name in self.declared or name in self._broken:
            if name in self.declared:
                self._warn(node, self.declared[name].placeholders)
            return Command(runner=name, params=params.plain(node))
        runner = BUILTIN_RUNNERS.get(self._aliases.get(name, name))
        if runner is None:  # an unknown name, reported where labels are checked
            return Command(runner=name)
        if not runner.supported:
            self._refuse(runner, node)
        given = params.check(
            node, runner.params, f"the runner {runner.name}", self._report, self._masks, header=node.block.range
        )
        self._warn(node, node.sensitive)
        for group in runner.one_of:
            self._one_of(group, runner, node)
        return Command(runner=runner.name, params=given)

    def _warn(self, node: Node, shown: AbstractSet[str]) -> None:
        """Warn of sensitive values in the arguments `shown`, which become part of a script or of a command line."""
        for name in sorted(node.sensitive & shown):
            detail = (
                "It becomes part of the script as it is, whatever characters it has."
                if name == "cmd"
                else "Every user of the worker's machine can read the arguments of a command."
            )
            hint = "write env = { NAME = ... } beside the command, and $NAME in a script"
            self._report.warning(node.where(name), f'A sensitive value in "{name}"', detail, hint)

    def _declare(self, name: str, node: Node) -> None:
        run, source = node.only("run"), node.values.get("source")
        self._broken.add(name)
        if source is not None:
            if run is not None:
                self._report.error(
                    run.block.type_range,
                    'Both "source" and "run"',
                    "A source brings its own commands.",
                    "take one of them out",
                )
            builtin = builtin_name(source, "runner_type", node.where("source"), self._report)
            if builtin is not None:
                self._broken.discard(name)
                self._aliases[name] = builtin
        elif run is None:
            self._report.error(
                node.block.range,
                f'The runner_type "{name}" has no "run" block',
                hint="write run { path = ... }, or source = ...",
            )
        elif "path" in run.values:
            self._broken.discard(name)
            self.declared[name] = RunnerType(name=name, path=run.get("path"), args=run.get("args"))

    def _refuse(self, runner: BuiltinRunner, node: Node) -> None:
        self._report.error(
            node.block.label_ranges[0],
            f"The built-in runner {runner.name} is not supported yet",
            hint=f'use shell or exec, or define runner_type "{runner.name}" in this file',
        )

    def _one_of(self, group: tuple[str, ...], runner: BuiltinRunner, node: Node) -> None:
        given = [name for name in group if name in node.free]
        if len(given) == 1:
            return
        options = " or ".join(group)
        what = f"The runner {runner.name} takes either {options}, not both" if given else f"Missing {options}"
        self._report.error(node.block.range, what, hint=f"write one of them: {options}")
