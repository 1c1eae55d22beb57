"""Checks secret stores, services and notifications; of these, notifications run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pikoci.internal.domain.plan import Command
from pikoci.internal.pipeline.commands import Runners
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.runner_blocks import warn_of_runner
from pikoci.internal.pipeline.sources import builtin_name

#: The commands that a type needs if it has no source.
_NEEDED = {
    "secret_type": ("get",),
    "service_type": ("start", "stop"),
    "notification_type": ("notify",),
}


@dataclass(frozen=True, kw_only=True)
class DeclaredType:
    """A type that a file declares: `builtin` names what its source brings, or its `commands` are its own, by block.

    `params` None stands for any.
    """

    node: Node
    builtin: str = ""
    params: list[str] | None = None
    commands: Mapping[str, Command] = field(default_factory=dict)


class TypeChecks:
    """Checks the types that are made of commands, and what is given to them. `types` holds them by kind and name."""

    def __init__(self, runners: Runners, report: Report) -> None:
        self._runners = runners
        self._report = report
        self.types: dict[tuple[str, str], DeclaredType] = {}

    def declare(self, node: Node) -> None:
        """Check a secret_type, service_type or notification_type."""
        commands = [child for child in node.children if child.type != "runner"]
        key = (node.type, node.labels[0])
        source = node.values.get("source")
        if source is not None:
            warn_of_runner(node, self._report)
            builtin = builtin_name(source, node.type, node.where("source"), self._report)
            self.types[key] = DeclaredType(node=node, builtin=builtin or "")
            for child in commands:
                self._report.error(
                    child.block.type_range,
                    f'Both "source" and "{child.type}"',
                    "A source brings its own commands.",
                    "take one of them out",
                )
            return
        around = node.only("runner")
        built = {child.type: self._runners.command(child, around) for child in commands}
        self.types[key] = DeclaredType(node=node, params=node.values.get("params"), commands=built)
        foreground = any(child.type == "start" and child.get("foreground") for child in commands)
        for needed in _NEEDED[node.type]:
            if needed not in built and not (needed == "stop" and foreground):
                self._report.error(
                    node.block.range,
                    f'The {node.type} "{node.labels[0]}" has no "{needed}" block',
                    hint=f'write {needed} "shell" {{ ... }}, or source = ...',
                )

    def check_params(self, kind: str, name: str, node: Node | None) -> None:
        """Check the params in `node` against those that the type `name` takes, where it says so."""
        declared = self.types.get((kind, name))
        known = None if declared is None else declared.params
        if node is None or known is None:
            return
        for given in node.free:
            if given not in known:
                where = node.attributes[given].name_range
                self._report.error(where, f'Unknown param "{given}" of {name}', hint=self._report.similar(given, known))


class NotificationChecks:
    """Checks notifications."""

    def __init__(self, types: TypeChecks, report: Report) -> None:
        self._types = types
        self._report = report

    def check(self, node: Node) -> None:
        """Check one notification. Whether its jobs are there is seen when they are expanded."""
        self._types.check_params("notification_type", node.labels[0], node.only("params"))
        events: Sequence[str] = node.values.get("on", ())
        if "all" in events and len(events) > 1:
            self._report.error(node.where("on"), '"all" stands beside other ends', hint='write on = ["all"]')
        if "jobs" in node.values and "exclude" in node.values:
            self._report.error(
                node.where("exclude"), 'Both "jobs" and "exclude"', hint="take one of them out: each says which jobs"
            )
        if not events:
            for name in ("jobs", "exclude"):
                if name in node.values:
                    self._report.error(
                        node.where(name),
                        f'"{name}" without "on"',
                        "A notification without on is sent by notify steps only.",
                        'write on = ["failure"]',
                    )


def by_name(nodes: Sequence[Node], block_type: str) -> Mapping[str, Node]:
    """The nodes of one type by their last label; of two with the same name, the first."""
    found: dict[str, Node] = {}
    for node in nodes:
        if node.type == block_type:
            found.setdefault(node.labels[-1], node)
    return found
