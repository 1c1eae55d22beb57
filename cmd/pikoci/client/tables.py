"""Aligned columns for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import click

from pikoci.pkg.clusters import width
from pikoci.shared.terminal import visible


class Styled(str):
    """A cell with a colour; its width is that of its text."""

    __slots__ = ("color",)
    color: str | None

    def __new__(cls, text: str, color: str | None) -> Self:
        """A text, and the colour it is shown in (None: none)."""
        cell = super().__new__(cls, text)
        cell.color = color
        return cell


def render_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows below their headings, columns two spaces apart, ending in a newline."""
    cells = [[_clean(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(headings, *cells, strict=True)]
    lines = [_row([Styled(heading.upper(), "bright_black") for heading in headings], widths)]
    lines += [_row(row, widths) for row in cells]
    return "\n".join(lines) + "\n"


def render_facts(facts: Iterable[tuple[str, str]]) -> str:
    """Names and values, one pair a line; pairs without a value are left out."""
    shown = [(name, _clean(value)) for name, value in facts if value]
    longest = max((len(name) for name, _ in shown), default=0)
    return "".join(
        f"{click.style(f'{name}:'.ljust(longest + 1), bold=True)}  {_paint(value)}\n" for name, value in shown
    )


def _clean(cell: str) -> str:
    return Styled(visible(cell), cell.color) if isinstance(cell, Styled) else visible(cell)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [_paint(cell) + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _paint(cell: str) -> str:
    return click.style(str(cell), fg=cell.color) if isinstance(cell, Styled) and cell.color else str(cell)
