"""Commands: `run "shell" { cmd = "make" }` and the like, checked against the runner they name."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from pikoci.internal.domain.builtin import BUILTIN_RUNNERS, BuiltinRunner
from pikoci.internal.domain.plan import Command, Json, RunnerType
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.runner_blocks import check_container, in_template
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

    def command(self, node: Node, around: Node | None = None) -> Command:
        """The command of a block whose label names a runner.

        `around` is the `runner` block of the type that has the command: it runs an exec command in place of exec.
        """
        if around is not None:
            return self._around(node, around)
        name = node.labels[0]
        if name in self.declared or name in self._broken:
            if name in self.declared:
                self._warn(node, self.declared[name].placeholders)
            return Command(runner=name, params=params.plain(node))
        runner = BUILTIN_RUNNERS.get(self._aliases.get(name, name))
        if runner is None:  # an unknown name, reported where labels are checked
            return Command(runner=name)
        given = self._given(node, runner)
        self._warn(node, node.sensitive)
        for group in runner.one_of:
            self._one_of(group, runner, node)
        if runner.name == "docker":
            check_container(node, given, self._report)
        return Command(runner=runner.name, params=given)

    def _given(self, node: Node, runner: BuiltinRunner) -> dict[str, Json]:
        what = f"the runner {runner.name}"
        return params.check(node, runner.params, what, self._report, self._masks, header=node.block.range)

    def _around(self, node: Node, around: Node) -> Command:
        """An exec command as the runner of its type runs it: that one's params, and the command in its own way."""
        inner, outer = self.command(node), around.labels[0]
        own = self.declared.get(outer)
        if inner.runner != "exec" or "exec" in self.declared:
            self._report.error(
                node.block.label_ranges[0],
                f'The type has a runner, so its "{node.type}" must be an exec command',
                f"It is one of the runner {node.labels[0]}.",
                f'write {node.type} "exec" {{ path = ... }}, or take the type\'s runner block out',
            )
            return inner
        if own is not None:
            self._warn(around, own.placeholders)
            return Command(runner=outer, params=in_template(own, inner, params.plain(around)))
        builtin = BUILTIN_RUNNERS.get(self._aliases.get(outer, outer))
        if builtin is None or builtin.name == "exec":
            return inner
        if builtin.name != "docker":
            self._report.error(
                around.block.label_ranges[0],
                f"The runner {builtin.name} runs no commands of types",
                hint='use docker, or define a runner_type; for a script, path = "/bin/sh" and args = ["-ec", "..."]',
            )
            return inner
        return Command(runner="docker", params=self._in_container(inner, around, builtin))

    def _in_container(self, inner: Command, around: Node, docker: BuiltinRunner) -> dict[str, Json]:
        given = self._given(around, docker)
        self._warn(around, around.sensitive)
        for name in docker.one_of[0]:
            if name in given:
                self._report.error(
                    around.where(name),
                    f'A type\'s runner takes no "{name}"',
                    "What runs in the container are the type's own commands.",
                    "take it out",
                )
        check_container(around, given, self._report)
        arguments = inner.params.get("args", [])
        assert isinstance(arguments, list)
        return {**given, "entrypoint": [inner.params.get("path", ""), *arguments]}

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

    def _one_of(self, group: tuple[str, ...], runner: BuiltinRunner, node: Node) -> None:
        given = [name for name in group if name in node.free]
        if len(given) == 1:
            return
        options = " or ".join(group)
        what = f"The runner {runner.name} takes either {options}, not both" if given else f"Missing {options}"
        self._report.error(node.block.range, what, hint=f"write one of them: {options}")
