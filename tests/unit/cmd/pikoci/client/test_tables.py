from __future__ import annotations

import click

from pikoci.client.tables import Styled, render_facts, render_table


def test_columns_are_aligned_and_lines_have_no_trailing_blanks() -> None:
    table = click.unstyle(render_table(["name", "status"], [["a", "ok"], ["longer", Styled("failed", "red")]]))
    assert table == "NAME    STATUS\na       ok\nlonger  failed\n"


def test_a_colour_does_not_change_the_width() -> None:
    plain = render_table(["a", "b"], [["x", "y"]])
    styled = render_table(["a", "b"], [[Styled("x", "red"), "y"]])
    assert click.unstyle(plain) == click.unstyle(styled)
    assert "\x1b[31mx" in styled


def test_combining_marks_take_no_room() -> None:
    lines = render_table(["a", "b"], [["n\u0303", "1"], ["nn", "2"]]).splitlines()
    assert lines[1].endswith("n\u0303   1")


def test_cells_cannot_steer_the_terminal_or_break_the_line() -> None:
    table = click.unstyle(render_table(["a"], [["x\x07\ny"], [Styled("\x1b[2J", "red")]]))
    assert table == "A\nx\ufffd y\n\ufffd[2J\n"


def test_facts_without_a_value_are_left_out() -> None:
    text = click.unstyle(render_facts([("name", "app"), ("reason", ""), ("longest one", "x")]))
    assert text == "name:         app\nlongest one:  x\n"
