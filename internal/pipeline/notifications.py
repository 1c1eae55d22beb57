"""Builds notifications, their types, and what notify steps say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES, BuiltinNotificationType
from pikoci.internal.domain.plan import Json, Notification, NotificationType
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.limits import Budget
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.passed import BuiltJob
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.typechecks import NotificationChecks, TypeChecks
from pikoci.pkg.hcl.diagnostics import Range

_KIND = "notification_type"
Names = TypeVar("Names", list[str], list[str] | None)
_TELLING = 12  # a shorter part of an address may stand in a log by chance


class Notifications:
    """The notifications of a file, and their types, declared and built in."""

    def __init__(self, types: TypeChecks, report: Report, masks: Masks) -> None:
        self._declared = types
        self._checks = NotificationChecks(types, report)
        self._report = report
        self._masks = masks
        self._built: dict[str, Notification] = {}
        self._nodes: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        """Check and build a notification."""
        self._checks.check(node)
        kind, name = node.labels
        built = Notification(
            type=kind,
            name=name,
            params=self._params(kind, node),
            message=node.values.get("message", ""),
            on=list(dict.fromkeys(node.values.get("on", ()))),
            jobs=node.values.get("jobs"),
            exclude=node.values.get("exclude", []),
        )
        self._built.setdefault(built.canonical, built)
        self._nodes.setdefault(built.canonical, node)

    def of_step(self, node: Node) -> dict[str, Any]:
        """What a notify step says, as fields of it."""
        return {
            "notification": ".".join(node.labels),
            "message": node.values.get("message", ""),
            "params": self._values(node.labels[0], node),
        }

    def types(self) -> list[NotificationType]:
        """The declared types, and the built-in ones that are used without a declaration."""
        found = {}
        for (kind, name), declared in self._declared.types.items():
            if kind == _KIND:
                command = declared.commands.get("notify")
                found[name] = NotificationType(name=name, builtin=declared.builtin, notify=command)
        for notification in self._built.values():
            if notification.type in BUILTIN_NOTIFICATION_TYPES and notification.type not in found:
                found[notification.type] = NotificationType(name=notification.type, builtin=notification.type)
        return list(found.values())

    def resolved(self, jobs: Sequence[BuiltJob], declared: Collection[str], budget: Budget) -> list[Notification]:
        """The notifications with the names of jobs replaced by those of their instances.

        `declared` are the names before expansion; one that is not known is an error. Raises PipelineTooLargeError.
        """
        instances: dict[str, list[str]] = {name: [] for name in declared}
        for job in jobs:
            instances[job.base].append(job.plan.name)
            if job.plan.name != job.base:
                instances.setdefault(job.plan.name, []).append(job.plan.name)
        return [
            msgspec.structs.replace(
                notification,
                jobs=self._expanded(notification.jobs, node.where("jobs"), instances, declared, budget),
                exclude=self._expanded(notification.exclude, node.where("exclude"), instances, declared, budget),
            )
            for notification, node in zip(self._built.values(), self._nodes.values(), strict=True)
        ]

    def _expanded(
        self,
        names: Names,
        where: Range,
        instances: Mapping[str, Sequence[str]],
        declared: Collection[str],
        budget: Budget,
    ) -> Names:
        if names is None:
            return None
        found = []
        for name in dict.fromkeys(names):
            if name not in instances:
                self._report.error(where, f'Unknown job "{name}"', hint=self._report.similar(name, declared))
            for one in instances.get(name, ()):
                budget.text(len(one), where)
                found.append(one)
        return found

    def _builtin_of(self, kind: str) -> BuiltinNotificationType | None:
        declared = self._declared.types.get((_KIND, kind))
        return BUILTIN_NOTIFICATION_TYPES.get(kind if declared is None else declared.builtin)

    def _params(self, kind: str, node: Node) -> dict[str, Json]:
        inner, builtin = node.only("params"), self._builtin_of(kind)
        if builtin is None:
            return params.plain(inner)
        checked = params.check(inner, builtin.params, kind, self._report, self._masks, header=node.block.range)
        for param in builtin.params:
            if param.sensitive:
                self._mask_parts(checked.get(param.name))
        return {name: value for name, value in checked.items() if value != ""}  # `secret = var.secret`, by default ""

    def _values(self, kind: str, node: Node) -> dict[str, Json]:
        builtin = self._builtin_of(kind)
        if builtin is None:
            return params.plain(node)
        known = {param.name for param in builtin.values}
        for name in node.free.keys() - known:
            where = node.attributes[name].name_range
            self._report.warning(where, f'The value "{name}" has no effect', f"{kind} takes nothing of that name.")
        taken = Node(
            node.block,
            node.schema,
            free={name: value for name, value in node.free.items() if name in known},
            sensitive=node.sensitive,
            attributes=node.attributes,
        )
        return params.check(taken, builtin.values, kind, self._report, self._masks)

    def _mask_parts(self, url: Json) -> None:
        """Mask the parts of an address that are secrets by themselves, which an answer may repeat."""
        if not isinstance(url, str) or "://" not in url:
            return
        try:
            parts = urlsplit(url)
        except ValueError:
            return  # nothing can be sent there
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._masks.add([part for part in (path, *path.replace("?", "/").split("/")) if len(part) >= _TELLING])
