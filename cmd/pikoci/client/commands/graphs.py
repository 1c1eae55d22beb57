"""`pikoci pipeline graph`, and drawing what a server has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from pikoci.client.naming import settle
from pikoci.client.options import other_pipeline_option
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.graph import Graph, pipeline_graph
from pikoci.shared.files import INPUT_FILE, read_text, shown_name, variable_options

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def format_option(function: Decorated) -> Decorated:
    """Declare `--format`, which arrives as `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["dot", "json", "mermaid", "svg"]),
        default="dot",
        show_default=True,
        help="Graphviz' language, nodes and edges, Mermaid's language for Markdown, or a picture.",
    )(function)


@click.command()
@click.argument("file", type=INPUT_FILE, required=False)
@other_pipeline_option
@variable_options
@format_option
@with_session
@click.pass_context
def graph(
    ctx: click.Context,
    session: Session,
    file: str | None,
    team: str,
    other: str,
    variables: Mapping[str, object],
    form: str,
) -> None:
    """Print a pipeline's graph: its jobs, resources, and how versions flow.

    The pipeline is that of FILE, which no server is asked for (- for standard input), or with --pipeline one of the
    server. An arrow along which nothing starts by itself is dashed.

    Example: pikoci pipeline graph pipeline.hcl | dot -Tpng > app.png

    Example: pikoci pipeline graph --format mermaid -p app
    """
    if (file is None) == (not other):
        raise click.UsageError("Name either a file or, with --pipeline, a pipeline of the server.", ctx)
    if file is None:
        named = settle(ctx, {"team": team, "pipeline": other})
        show_graph_of_server(session, named["team"], named["pipeline"], form)
        return
    from pikoci.internal.pipeline import load_or_raise

    spec, _ = load_or_raise(read_text(file), variables, filename=shown_name(file), now=datetime.now(UTC))
    found = pipeline_graph(spec)
    if form == "json" or session.prints_json:
        session.show_json(msgspec.to_builtins(found))
    else:
        click.echo(_drawn(found, "pipeline" if file == "-" else Path(file).stem, form), nl=False)


def show_graph_of_server(session: Session, team: str, pipeline: str, form: str) -> None:
    """Print the graph of a pipeline that the server has, with how its jobs stand."""
    if form == "json" or session.prints_json:
        session.show_json(session.api.pipelines.graph(team, pipeline))
    else:
        picture = session.api.pipelines.drawing(team, pipeline, form)
        click.echo(picture, nl=not picture.endswith("\n"))


def _drawn(found: Graph, name: str, form: str) -> str:
    from pikoci.internal.domain import drawing

    if form == "dot":
        return drawing.dot(name, found)
    return drawing.mermaid(found) if form == "mermaid" else drawing.svg(found)
