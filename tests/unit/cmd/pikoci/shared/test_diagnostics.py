from __future__ import annotations

import click

from pikoci.internal.domain.errors import Diagnostic
from pikoci.shared.diagnostics import render_diagnostics


def plain(*found: Diagnostic) -> str:
    return click.unstyle(render_diagnostics(found))


def place(source: str, column: int, end_column: int, *, line: int = 7, end_line: int = 7) -> Diagnostic:
    return Diagnostic(
        summary="Bad word",
        file="app.hcl",
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        source=source,
    )


def test_a_finding_shows_place_source_carets_detail_and_hint() -> None:
    found = Diagnostic(
        summary="Unknown block",
        detail="There is none.",
        hint='did you mean "task"?',
        file="app.hcl",
        line=12,
        column=3,
        end_line=12,
        end_column=6,
        source='  tsk "x" {',
    )
    assert plain(found) == (
        "app.hcl:12:3: error: Unknown block\n"
        "    |\n"
        ' 12 |   tsk "x" {\n'
        "    |   ^^^\n"
        "    = There is none.\n"
        '    = hint: did you mean "task"?\n'
    )


def test_a_finding_without_a_place_has_no_snippet() -> None:
    assert (
        plain(Diagnostic(severity="warning", summary="Unused", hint="drop it")) == "warning: Unused\n  hint: drop it\n"
    )


def test_carets_go_to_the_end_of_the_line_when_the_finding_goes_on() -> None:
    assert plain(place("job {", 1, 2, end_line=9)).splitlines()[3] == "   | ^^^^^"


def test_tabs_count_as_one_column() -> None:
    lines = plain(place("\t\tbad = 1", 3, 6)).splitlines()
    assert lines[2].index("bad") == lines[3].index("^^^")


def test_a_combined_letter_counts_as_one_column() -> None:
    lines = plain(place("n\u0303 bad", 3, 6)).splitlines()
    assert lines[3] == "   |   ^^^"


def test_a_long_line_is_cut_around_the_carets() -> None:
    lines = plain(place("a" * 300 + "BAD" + "b" * 300, 301, 304)).splitlines()
    assert len(lines[2]) < 180
    assert lines[2].index("BAD") == lines[3].index("^^^")
    assert lines[2].startswith(" 7 | …")
    assert lines[2].endswith("…")


def test_a_place_beyond_the_shown_source_still_gets_a_caret() -> None:
    assert plain(place("a" * 400, 900, 905)).count("^") == 1


def test_control_characters_of_the_source_never_reach_the_terminal() -> None:
    assert "\x1b" not in plain(place("\x1b[31mred", 1, 2))
