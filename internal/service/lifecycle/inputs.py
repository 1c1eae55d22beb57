"""Which versions a build gets: the rule itself is `domain.inputs`; here it meets the stored pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pikoci.internal.domain.build import InputChoice
from pikoci.internal.domain.inputs import Get, Input, Pin, Resolution, new_builds, resolve
from pikoci.internal.domain.plan import GetStep, JobPlan
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.compiled import CompiledPipeline
from pikoci.internal.service.plumbing.context import Context

_MAX_REASON = 2000


class InputChooser:
    """Chooses inputs for the jobs of one pipeline, within one transaction: all answers are of one snapshot."""

    def __init__(self, context: Context, pipeline_id: int, compiled: CompiledPipeline) -> None:
        self._store: Store = context.store
        self._pipeline_id = pipeline_id
        self._compiled = compiled
        self._known = context.vain.of(pipeline_id)

    def choose(self, plan: JobPlan, fixed: Sequence[InputChoice] = ()) -> tuple[list[InputChoice], str]:
        """Inputs for one build of the job, and an empty reason; or what is `fixed` alone, and why the rest is missing.

        `fixed` inputs are taken as they are, whatever `passed` says.
        """
        taken = {choice.get: choice for choice in fixed}
        steps = [step for step in plan.gets() if step.name not in taken]
        if not steps:
            return list(fixed), ""
        resolution = resolve(plan.name, self._gets(steps), self._store.history(self._pipeline_id), self._known)
        if not resolution.ok:
            return list(fixed), describe(resolution)
        return [*fixed, *self._choices(steps, resolution.inputs)], ""

    def new_sets(self, plan: JobPlan, limit: int) -> list[list[InputChoice]]:
        """The input sets that the job should build now by itself, in order, at most `limit`."""
        steps = list(plan.gets())
        if not any(step.trigger for step in steps):
            return []
        sets = new_builds(plan.name, self._gets(steps), self._store.history(self._pipeline_id), limit, self._known)
        return [self._choices(steps, chosen) for chosen in sets]

    def _gets(self, steps: Iterable[GetStep]) -> list[Get]:
        wanted = list(steps)
        ids = {step.resource: self._compiled.resource_ids[step.resource] for step in wanted}
        pins = self._store.resources.pins(sorted(set(ids.values()))) if ids else {}
        return [
            Get(
                name=step.name,
                resource=step.resource,
                passed=tuple(step.passed),
                trigger=step.trigger,
                version=step.version or None,
                pin=self._pin(pins.get(ids[step.resource])),
            )
            for step in wanted
        ]

    def _pin(self, version_id: int | None) -> Pin | None:
        if version_id is None:
            return None
        version = self._store.versions.get(version_id)
        if version is None:
            return Pin(str(version_id), None)
        text = ", ".join(f"{key}={value}" for key, value in version.version.items())
        return Pin(text[:100], version.id, enabled=not version.disabled)

    def _choices(self, steps: Iterable[GetStep], inputs: Mapping[str, Input]) -> list[InputChoice]:
        return [
            InputChoice(
                get=step.name,
                resource_id=self._compiled.resource_ids[step.resource],
                version_id=inputs[step.name].version,
                upstream=dict(inputs[step.name].upstream),
            )
            for step in steps
        ]


def describe(resolution: Resolution) -> str:
    """The reasons of all gets in one line, of bounded length."""
    text = "; ".join(dict.fromkeys(f"get {name}: {reason}" for name, reason in resolution.reasons.items()))
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}..."
