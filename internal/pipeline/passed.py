"""The graph of jobs that `passed` draws: expands names to instances, and finds what can never run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pikoci.internal.domain.plan import ConditionStep, GetStep, InParallelStep, JobPlan, Step
from pikoci.internal.pipeline.conditions import CONDITIONS
from pikoci.internal.pipeline.limits import Budget
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report


@dataclass(frozen=True, slots=True)
class BuiltJob:
    """A job with the block it came from; `base` is the name before expansion."""

    base: str
    plan: JobPlan
    node: Node


def resolve(
    jobs: Sequence[BuiltJob], declared: Sequence[str], resources: Collection[str], budget: Budget, report: Report
) -> list[JobPlan]:
    """The plans with each name in `passed` replaced by the names of its instances. Errors are reported.

    `declared` are the names of all jobs before expansion, `resources` the canonical names of all resources.
    Raises PipelineTooLargeError.
    """
    graph = _Graph(jobs, declared, resources, budget, report)
    plans = [graph.resolved(job) for job in jobs]
    graph.refuse_circles()
    return plans


class _Graph:
    def __init__(
        self,
        jobs: Sequence[BuiltJob],
        declared: Sequence[str],
        resources: Collection[str],
        budget: Budget,
        report: Report,
    ) -> None:
        self._report = report
        self._budget = budget
        self._resources = resources
        self._declared = declared
        self._instances: dict[str, list[BuiltJob]] = {name: [] for name in declared}
        for job in jobs:
            self._instances[job.base].append(job)
        self._by_name = {job.plan.name: job for job in jobs}
        self._touched = {job.plan.name: frozenset(_touched(job.node)) for job in jobs}
        self._upstream: dict[str, list[str]] = {}

    def resolved(self, job: BuiltJob) -> JobPlan:
        """The plan of `job` with the names in `passed` expanded."""
        if not any(get.passed for get in job.plan.gets()):
            self._upstream.setdefault(job.plan.name, [])
            return job.plan
        steps = self._resolved_steps(job.plan.steps, _gets(job.node), self._upstream.setdefault(job.plan.name, []))
        return msgspec.structs.replace(job.plan, steps=steps)

    def _resolved_steps(self, steps: Sequence[Step], gets: Iterator[Node], upstream: list[str]) -> list[Step]:
        """These steps with the names in `passed` expanded; `gets` are the blocks that their gets were made of."""
        found: list[Step] = []
        for step in steps:
            if isinstance(step, InParallelStep | ConditionStep):
                inner = self._resolved_steps(step.steps, gets, upstream)
                found.append(msgspec.structs.replace(step, steps=inner))
            elif isinstance(step, GetStep):
                passed = list(dict.fromkeys(self._expanded(step.passed, next(gets))))
                upstream.extend(passed)
                found.append(msgspec.structs.replace(step, passed=passed))
            else:
                found.append(step)
        return found

    def _expanded(self, passed: Sequence[str], node: Node) -> Iterator[str]:
        where, resource = node.where("passed"), ".".join(node.labels)
        for name in passed:
            found = [self._by_name[name]] if name in self._by_name else self._instances.get(name)
            if found is None:
                self._report.error(
                    where, f'Unknown job "{name}" in passed', hint=self._report.similar(name, self._declared)
                )
                continue
            if not found:
                self._report.error(
                    where, f'The job "{name}" has no instances', "Its for_each is empty, so nothing can ever pass it."
                )
            for job in found:
                self._budget.text(len(job.plan.name), where)
                yield job.plan.name
                if resource in self._resources and resource not in self._touched[job.plan.name]:
                    self._report.error(
                        where,
                        f'No version of {resource} can pass the job "{name}"',
                        f'The job "{name}" neither gets nor puts {resource}.',
                        f'add get "{node.labels[0]}" "{node.labels[1]}" {{}} to it',
                    )

    def refuse_circles(self) -> None:
        """Report each circle of jobs that wait for one another, once."""
        done: set[str] = set()
        for start in self._upstream:
            circle = _circle(start, self._upstream, done)
            if circle:
                job = self._by_name[circle[0]]
                self._report.error(
                    job.node.block.range,
                    "Jobs wait for one another in a circle",
                    " -> ".join(circle) + ".",
                    "take one of them out of passed",
                )


def _circle(start: str, graph: Mapping[str, Sequence[str]], done: set[str]) -> list[str]:
    """A circle that can be reached from `start`, its first name repeated at the end; empty if there is none."""
    path: list[str] = []
    places: dict[str, int] = {}
    waiting = [(start, iter(graph.get(start, ())))] if start not in done else []
    while waiting:
        name, rest = waiting[-1]
        if name not in places:
            places[name] = len(path)
            path.append(name)
        following = next(rest, None)
        if following is None:
            waiting.pop()
            path.pop()
            del places[name]
            done.add(name)
        elif following in places:
            done.update(path)
            return [*path[places[following] :], following]
        elif following not in done:
            waiting.append((following, iter(graph.get(following, ()))))
    return []


def _touched(node: Node) -> Iterator[str]:
    """The resources that a job gets or puts, in its hooks too."""
    for child in node.children:
        if child.type in ("get", "put"):
            yield ".".join(child.labels)
        yield from _touched(child)


def _gets(node: Node) -> Iterator[Node]:
    """The gets among the blocks of a plan, in plan order."""
    for child in node.children:
        if child.type == "get":
            yield child
        elif child.type in ("in_parallel", *CONDITIONS):
            yield from _gets(child)
