"""Builds service types, and the services of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pikoci.internal.domain import secret_text
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES, BuiltinService, ServiceParamError, read_form
from pikoci.internal.domain.plan import Json, ReadyCheck, Service, ServiceType
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.sentences import sentence
from pikoci.internal.pipeline.typechecks import DeclaredType, TypeChecks

#: The least time between two tries of a ready check, in seconds.
MIN_INTERVAL = 0.1


class Services:
    """The service types of a file, declared and built in. Those that jobs use, or the file declares, are in `types`."""

    def __init__(self, declared: TypeChecks, report: Report, masks: Masks) -> None:
        self._declared = declared
        self._report = report
        self._masks = masks
        self.types: dict[str, ServiceType] = {}
        for (kind, name), one in declared.types.items():
            if kind == "service_type":
                self.types[name] = self._type(name, one)

    def plan(self, nodes: Sequence[Node]) -> dict[str, Any]:
        """The services among the blocks of a job, in order, as the field of the job; {} if there are none."""
        found = [node for node in nodes if node.type == "service"]
        services = [self._service(node, str(number)) for number, node in enumerate(found, 1)]
        return {"services": services} if services else {}

    def refuse_inside(self, node: Node) -> None:
        """Report a service that is a part of something that runs in its turn."""
        self._report.error(
            node.block.range,
            "A service is decided on while the build runs",
            "Services start before all steps.",
            "put it into the job itself, or compare variables in the condition",
        )

    def _service(self, node: Node, service_id: str) -> Service:
        name = node.labels[0]
        return Service(id=service_id, type=name, params=self._params(name, node), **node.changed("env"))

    def _params(self, name: str, node: Node) -> dict[str, Json]:
        builtin = self._builtin_of(name)
        if builtin is None:
            self._declared.check_params("service_type", name, node)
            return params.plain(node)
        found = params.check(node, builtin.params, name, self._report, self._masks)
        self._check_form(builtin, found, node)
        return found

    def _check_form(self, builtin: BuiltinService, found: dict[str, Json], node: Node) -> None:
        """Report the first param that is wrong; what is not known yet, the worker will see."""
        known = {name: str(value) for name, value in found.items() if not any(secret_text.references(value))}
        try:
            read_form(builtin, known)
        except ServiceParamError as error:
            where = node.where(error.param)
            self._report.error(where, f'Wrong value for "{error.param}"', sentence(error))

    def _builtin_of(self, name: str) -> BuiltinService | None:
        """The built-in service behind a type's name, which becomes part of the pipeline; None for commands."""
        if name not in self.types and name in BUILTIN_SERVICES:
            self.types[name] = ServiceType(name=name, builtin=name)
        return BUILTIN_SERVICES.get(self.types[name].builtin) if name in self.types else None

    def _type(self, name: str, declared: DeclaredType) -> ServiceType:
        start = next((child for child in declared.node.children if child.type == "start"), None)
        foreground = bool(start and start.get("foreground"))
        ready = self._ready_check(declared)
        if start is not None and foreground and ready is None:
            self._report.error(
                start.where("foreground"),
                f'The service_type "{name}" has no "ready_check" block',
                "Nothing else tells when a service is ready that stays in the foreground.",
                'write ready_check "shell" { ... }',
            )
        return ServiceType(
            name=name,
            builtin=declared.builtin,
            start=declared.commands.get("start"),
            foreground=foreground,
            ready_check=ready,
            stop=declared.commands.get("stop"),
        )

    def _ready_check(self, declared: DeclaredType) -> ReadyCheck | None:
        command = declared.commands.get("ready_check")
        node = next((child for child in declared.node.children if child.type == "ready_check"), None)
        if command is None or node is None:
            return None
        for name, least in (("interval", MIN_INTERVAL), ("timeout", MIN_INTERVAL)):
            if node.get(name) < least:
                self._report.error(node.where(name), f'Wrong value for "{name}"', "It is 100ms or more.")
        return ReadyCheck(command=command, interval=node.get("interval"), timeout=node.get("timeout"))
