"""A pipeline as a graph, for drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pikoci.internal.domain.build import Standing
from pikoci.internal.domain.pipeline import JobOverview
from pikoci.internal.domain.plan import GetStep, JobPlan, PipelineSpec


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """A job or resource of a pipeline's graph. `id` is unique in it.

    `status` is how a job stands; None for a resource, which has no builds.
    """

    id: str
    kind: str
    name: str
    status: Standing | None = None
    paused: bool = False


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A version's way: `source` and `target` are node ids, `kind` is get, put or passed, `resource` what flows.

    `trigger` says whether a new version starts the target.
    """

    source: str
    target: str
    kind: str
    resource: str
    trigger: bool = False


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline as nodes and edges, in file order."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


def pipeline_graph(spec: PipelineSpec, overviews: Sequence[JobOverview] = ()) -> Graph:
    """Resources and jobs with what flows between them.

    A get with `passed` is an edge from each of those jobs; a put with its resource's node as the target.
    """
    known = {overview.job.name: overview for overview in overviews}
    nodes = [
        GraphNode(id=f"resource:{resource.canonical}", kind="resource", name=resource.canonical)
        for resource in spec.resources
    ]
    nodes += [_job_node(job.name, known.get(job.name)) for job in spec.jobs]
    edges = dict.fromkeys(edge for job in spec.jobs for edge in _edges(job))
    return Graph(nodes=nodes, edges=list(edges))


def _job_node(name: str, overview: JobOverview | None) -> GraphNode:
    if overview is None:
        return GraphNode(id=f"job:{name}", kind="job", name=name, status=Standing())
    return GraphNode(
        id=f"job:{name}",
        kind="job",
        name=name,
        status=overview.standing,
        paused=overview.job.paused,
    )


def _edges(job: JobPlan) -> Iterator[GraphEdge]:
    target = f"job:{job.name}"
    for get in job.gets():
        yield from _get_edges(get, target)
    for put in job.puts():
        yield GraphEdge(source=target, target=f"resource:{put.resource}", kind="put", resource=put.resource)


def _get_edges(get: GetStep, target: str) -> Iterator[GraphEdge]:
    if not get.passed:
        source = f"resource:{get.resource}"
        yield GraphEdge(source=source, target=target, kind="get", resource=get.resource, trigger=get.trigger)
    for upstream in get.passed:
        source = f"job:{upstream}"
        yield GraphEdge(source=source, target=target, kind="passed", resource=get.resource, trigger=get.trigger)
