"""Builds the steps and hooks of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pikoci.internal.domain.plan import (
    ConditionStep,
    GetStep,
    Hook,
    Hooks,
    InParallelStep,
    Json,
    NotifyStep,
    PutStep,
    Step,
    TaskStep,
)
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.commands import Runners
from pikoci.internal.pipeline.conditions import CONDITIONS
from pikoci.internal.pipeline.language_job import HOOKS
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.notifications import Notifications
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.resources import Resources
from pikoci.internal.pipeline.services import Services
from pikoci.internal.pipeline.typechecks import TypeChecks


class Steps:
    """Turns evaluated blocks into steps. `passed` of a get is left as written; see `passed`.

    `services` does so with those of a job, which are no steps of its plan.
    """

    def __init__(
        self,
        resources: Resources,
        runners: Runners,
        types: TypeChecks,
        report: Report,
        masks: Masks,
        *,
        notifications: Notifications,
    ) -> None:
        self._resources = resources
        self._runners = runners
        self.services = Services(types, report, masks)
        self._report = report
        self._masks = masks
        self._notifications = notifications

    def plan(self, nodes: Sequence[Node], prefix: str = "") -> list[Step]:
        """The steps among `nodes`, in order, with ids that start with `prefix`."""
        steps: list[Step] = []
        for node in nodes:
            step = self._step(node, f"{prefix}{len(steps) + 1}")
            if step is not None:
                steps.append(step)
        return steps

    def hooks(self, nodes: Sequence[Node], prefix: str = "") -> dict[str, Any]:
        """The hooks among `nodes`, with ids that start with `prefix`, as the field of a step or job; {} if none."""
        found: dict[str, list[Hook]] = {}
        for node in nodes:
            if node.type in HOOKS:
                hooks = found.setdefault(node.type, [])
                hooks.append(self._hook(node, f"{prefix}{node.type}/{len(hooks) + 1}"))
        return {"hooks": Hooks(**found)} if found else {}

    def _hook(self, node: Node, hook_id: str) -> Hook:
        env = node.changed("env")
        if node.labels:
            return Hook(id=hook_id, **env, command=self._runners.command(node))
        if not node.block.body.blocks:
            self._report.error(
                node.block.range,
                f'The hook "{node.type}" is empty',
                hint=f'write {node.type} "shell" {{ ... }} for one command, or put steps into it',
            )
        return Hook(id=hook_id, **env, steps=self.plan(node.children, f"{hook_id}/"))

    def _step(self, node: Node, step_id: str) -> Step | None:
        if node.type == "get":
            return self._get(node, step_id)
        if node.type == "task":
            return self._task(node, step_id)
        if node.type == "put":
            return self._put(node, step_id)
        if node.type == "notify":
            return NotifyStep(**self._common(node, step_id), **self._notifications.of_step(node))
        if node.type == "in_parallel":
            return self._in_parallel(node, step_id)
        if node.type in CONDITIONS:
            return self._condition(node, step_id)
        if node.type == "service" and "/" in step_id:
            self.services.refuse_inside(node)
        if node.type not in HOOKS:
            self.hooks(node.children, f"{step_id}/")
        return None

    def _common(self, node: Node, step_id: str) -> dict[str, Any]:
        return {
            "id": step_id,
            "name": node.labels[-1] if node.labels else "",
            **node.changed("env", "timeout", "attempts"),
            **self.hooks(node.children, f"{step_id}/"),
        }

    def _get(self, node: Node, step_id: str) -> GetStep:
        kind, name = node.labels
        return GetStep(
            **self._common(node, step_id),
            resource=f"{kind}.{name}",
            **node.changed("trigger", "passed", "version"),
            params=self._resources.step_params(kind, node.only("params"), self._resources.builtin_of(kind)),
        )

    def _task(self, node: Node, step_id: str) -> TaskStep | None:
        run = node.only("run")
        common = self._common(node, step_id)
        if run is None:
            return None
        command = self._runners.command(run)
        return TaskStep(**common, run=command, **node.changed("inputs", "outputs", "caches", "cache_on_failure"))

    def _in_parallel(self, node: Node, step_id: str) -> InParallelStep:
        steps = self.plan(node.children, f"{step_id}/")
        return InParallelStep(**self._common(node, step_id), **node.changed("limit", "fail_fast"), steps=steps)

    def _condition(self, node: Node, step_id: str) -> ConditionStep:
        name = node.labels[0] if node.labels else ""
        return ConditionStep(id=step_id, name=name, **node.values, steps=self.plan(node.children, f"{step_id}/"))

    def _put(self, node: Node, step_id: str) -> PutStep:
        kind, name = node.labels
        common = self._common(node, step_id)
        return PutStep(**common, resource=f"{kind}.{name}", params=self._put_params(kind, node))

    def _put_params(self, kind: str, node: Node) -> dict[str, Json]:
        inner = node.only("params")
        merged = self._merged(node, inner)
        builtin = self._resources.builtin_of(kind)
        if builtin is None:
            wanted = self._resources.type_of(kind)
            if wanted.push is None and kind in self._resources.types:
                self._report.error(
                    node.block.range,
                    f"Nothing can be put to {kind}",
                    f'The resource_type "{kind}" has no push command.',
                    "give it a push block, or use another type",
                )
        elif not builtin.can_put:
            self._report.error(node.block.range, f"Nothing can be put to {kind}", f"{builtin.description}")
        elif not builtin.any_put_params:
            return params.check(
                merged, builtin.put_params, f"a put to {kind}", self._report, self._masks, header=node.block.range
            )
        return params.plain(merged)

    def _merged(self, node: Node, inner: Node | None) -> Node:
        """The params of a put, which may stand in the put itself, in a `params` block, or in both."""
        if inner is None or not node.free:
            return node if inner is None else inner
        for name in node.free.keys() & inner.free.keys():
            where = inner.attributes[name].name_range
            self._report.error(where, f'The param "{name}" is given twice', "It stands in the put and in its params.")
        return Node(
            node.block,
            node.schema,
            free={**node.free, **inner.free},
            attributes={**node.attributes, **inner.attributes},
        )
