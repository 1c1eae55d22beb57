"""Pipelines as pictures: a graph in the languages of Graphviz and Mermaid or as SVG, and a badge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape

from pikoci.internal.domain.build import PASSING, BuildStatus
from pikoci.internal.domain.graph import Graph, GraphEdge, GraphNode
from pikoci.internal.domain.pipeline import PipelineSummary

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 180, 32, 80, 18, 16
_SHOWN = 24

COLORS = {
    "succeeded": "#2e7d32",
    "warning": "#b26a00",
    "failed": "#c62828",
    "errored": "#ad5700",
    "cancelled": "#6d4c41",
    "": "#546e7a",
}


def dot(name: str, graph: Graph) -> str:
    """The graph in Graphviz' language."""
    lines = [f"digraph {_quoted(name)} {{", "  rankdir=LR;"]
    for node in graph.nodes:
        shape = "box" if node.kind == "job" else "ellipse"
        color = _color(node)
        looks = f'label={_quoted(node.name)} shape={shape} color="{color}"'
        ring = " peripheries=2" if _runs(node) else ""
        lines.append(f"  {_quoted(node.id)} [{looks}{ring}];")
    for edge in graph.edges:
        style = "solid" if _solid(edge) else "dashed"
        lines.append(f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [style={style}];")
    return "\n".join([*lines, "}", ""])


def mermaid(graph: Graph) -> str:
    """The graph in Mermaid's language, which forges draw in Markdown files."""
    lines = ["flowchart LR"]
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        left, right = ("[", "]") if node.kind == "job" else ("([", "])")
        lines.append(f'  {ids[node.id]}{left}"{_mermaid_text(node.name)}"{right}')
    for edge in graph.edges:
        arrow = "-->" if _solid(edge) else "-.->"
        lines.append(f"  {ids[edge.source]} {arrow} {ids[edge.target]}")
    colored = [node for node in graph.nodes if node.status and node.status.last]
    lines += [f"  style {ids[node.id]} fill:{_color(node)},color:#fff" for node in colored]
    return "\n".join([*lines, ""])


def svg(graph: Graph) -> str:
    """The graph as a picture: each node right of all that it needs."""
    layers = _layers(graph)
    rows: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for node in graph.nodes:
        layer = layers[node.id]
        row = rows.get(layer, 0)
        rows[layer] = row + 1
        places[node.id] = (MARGIN + layer * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
    width = 2 * MARGIN + (max(rows, default=0) + 1) * (WIDTH + GAP_X) - GAP_X
    height = 2 * MARGIN + max(rows.values(), default=1) * (HEIGHT + GAP_Y) - GAP_Y
    shapes = [*_lines(graph.edges, places), *(_box(node, *places[node.id]) for node in graph.nodes)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "\n".join([head, *shapes, "</svg>", ""])


def badge(summary: PipelineSummary) -> str:
    """How the pipeline stands, by the newest ended build of each job."""
    statuses = {str(standing.last) for standing in summary.counts if standing.last}
    if not statuses:
        word, color = "no builds", COLORS[""]
    elif statuses <= PASSING:
        word, color = "passing", COLORS["succeeded"]
    else:
        word, color = "failing", COLORS["failed"]
    name = escape(_short(summary.pipeline.name))
    left, right = 12 + 7 * len(_short(summary.pipeline.name)), 12 + 7 * len(word)
    text = 'font-family="Verdana,sans-serif" font-size="11" fill="#fff" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img">\n'
        f"<title>{name}: {word}</title>\n"
        f'<rect width="{left}" height="20" fill="#37474f"/>\n'
        f'<rect x="{left}" width="{right}" height="20" fill="{color}"/>\n'
        f'<text x="{left / 2}" y="14" {text}>{name}</text><text x="{left + right / 2}" y="14" {text}>{word}</text>\n'
        "</svg>\n"
    )


def _layers(graph: Graph) -> dict[str, int]:
    """The longest way to each node. A put whose resource others get would close a circle: it counts for nothing."""
    read = {edge.source for edge in graph.edges}
    layers = {node.id: 0 for node in graph.nodes}
    edges = [edge for edge in graph.edges if edge.kind != "put" or edge.target not in read]
    for _ in graph.nodes:
        moved = False
        for edge in edges:
            if layers[edge.target] <= layers[edge.source]:
                layers[edge.target] = layers[edge.source] + 1
                moved = True
        if not moved:
            break
    return layers


def _lines(edges: list[GraphEdge], places: dict[str, tuple[int, int]]) -> Iterator[str]:
    for edge in edges:
        (left, top), (right, bottom) = places[edge.source], places[edge.target]
        start, end = (left + WIDTH, top + HEIGHT // 2), (right, bottom + HEIGHT // 2)
        dash = "" if _solid(edge) else ' stroke-dasharray="4 3"'
        bend = GAP_X // 2
        path = f"M{start[0]} {start[1]} C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}"
        yield f'<path d="{path}" fill="none" stroke="#90a4ae"{dash}/>'


def _box(node: GraphNode, left: int, top: int) -> str:
    radius = 4 if node.kind == "job" else HEIGHT // 2
    color = _color(node)
    border = ' stroke="#1976d2" stroke-width="3"' if _runs(node) else ""
    faded = ' opacity="0.6"' if node.paused else ""
    return (
        f"<g{faded}><title>{escape(node.name)}</title>"
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="{radius}" fill="{color}"{border}/>'
        f'<text x="{left + WIDTH // 2}" y="{top + 20}" font-family="sans-serif" font-size="12" fill="#fff" '
        f'text-anchor="middle">{escape(_short(node.name))}</text></g>'
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _solid(edge: GraphEdge) -> bool:
    """Whether something happens by itself along it."""
    return edge.trigger or edge.kind == "put"


def _mermaid_text(name: str) -> str:
    """A name with every sign that Mermaid could take for its own as an entity."""
    return "".join(letter if letter.isalnum() or letter in " .-_" else f"#{ord(letter)};" for letter in name)


def _color(node: GraphNode) -> str:
    """By the last result, also while something runs."""
    return COLORS[str(node.status.last or "") if node.status else ""]


def _runs(node: GraphNode) -> bool:
    return node.status is not None and node.status.now is BuildStatus.STARTED


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…"
