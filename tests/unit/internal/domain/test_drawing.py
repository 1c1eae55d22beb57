from __future__ import annotations

from pikoci.internal.domain.build import BuildStatus, Standing
from pikoci.internal.domain.drawing import dot, mermaid
from pikoci.internal.domain.graph import Graph, GraphEdge, GraphNode

GRAPH = Graph(
    nodes=[
        GraphNode(id="resource:git.app", kind="resource", name="git.app"),
        GraphNode(id="job:é", kind="job", name='é "x" #1;<b>', status=Standing(last=BuildStatus.FAILED)),
    ],
    edges=[
        GraphEdge(source="resource:git.app", target="job:é", kind="get", resource="git.app", trigger=True),
        GraphEdge(source="resource:git.app", target="job:é", kind="get", resource="git.app"),
        GraphEdge(source="job:é", target="resource:git.app", kind="put", resource="git.app"),
    ],
)


def test_mermaid_shows_names_whatever_is_in_them() -> None:
    assert mermaid(GRAPH).splitlines() == [
        "flowchart LR",
        '  n0(["git.app"])',
        '  n1["é #34;x#34; #35;1#59;#60;b#62;"]',
        "  n0 --> n1",
        "  n0 -.-> n1",
        "  n1 --> n0",
        "  style n1 fill:#c62828,color:#fff",
    ]


def test_graphviz_is_given_letters_as_they_are() -> None:
    assert 'label="é \\"x\\" #1;<b>"' in dot("app", GRAPH)


def test_an_arrow_along_which_nothing_starts_by_itself_is_dashed() -> None:
    styles = [line.rpartition("style=")[2] for line in dot("app", GRAPH).splitlines() if "->" in line]
    assert styles == ["solid];", "dashed];", "solid];"]
