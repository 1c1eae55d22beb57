"""What a user reads."""

import json

from pikoci.pkg.hcl import EvalContext, evaluate, parse, parse_expression, render


def rendered(source: str) -> str:
    return render(parse(source, "ci.hcl").diagnostics)


def test_a_diagnostic_is_printed_like_a_compiler_does() -> None:
    assert rendered('a = 1\n  b = "x" "yz"\n') == (
        "ci.hcl:2:11: error: Missing newline after argument\n"
        "   |\n"
        ' 2 |   b = "x" "yz"\n'
        "   |           ^^^^\n"
        '  = Nothing may follow the argument "b" on its line.\n'
        "  = hint: start the next argument on a new line\n"
    )


def test_a_one_line_block_tells_how_to_write_it() -> None:
    text = rendered("run { cmd = 1, file = 2 }\n")
    assert "ci.hcl:1:14: error: Invalid one-line block\n" in text
    assert "  = A block on one line can hold one argument only.\n" in text
    assert "  = hint: put each argument on its own line, and the closing brace on a line after them\n" in text


def test_tabs_and_control_characters_keep_the_caret_in_place() -> None:
    assert "\n 1 | a = 1 b = 2\n   |       ^\n" in rendered("a\t=\t1\tb = 2\n")


def test_a_long_line_is_cut_around_the_place() -> None:
    text = rendered(f'a = "{"x" * 5000}" 1\n')
    assert max(map(len, text.splitlines())) < 200
    lines = text.splitlines()
    assert lines[2][lines[3].index("^")] == "1"


def test_several_diagnostics_come_in_source_order() -> None:
    assert [line for line in rendered("a = 'x'\nb =\n").splitlines() if "error" in line] == [
        "ci.hcl:1:5: error: Invalid character",
        "ci.hcl:2:4: error: Missing expression",
    ]


def test_a_source_can_be_given_for_the_snippet() -> None:
    diagnostics = parse("a =\n", "ci.hcl").diagnostics
    assert " 1 | another\n" in render(diagnostics, {"ci.hcl": "another\n"})


def test_json_holds_everything() -> None:
    found = parse("a = 1,\n", "ci.hcl").diagnostics[0].to_json()
    assert json.loads(json.dumps(found)) == {
        "severity": "error",
        "summary": "Unexpected comma after argument",
        "detail": "Arguments are separated by newlines, not commas.",
        "range": {
            "filename": "ci.hcl",
            "start": {"line": 1, "column": 6, "offset": 5},
            "end": {"line": 1, "column": 7, "offset": 6},
        },
        "hint": "remove the comma and start a new line",
    }


def hint(source: str, **variables: str) -> str:
    expression = parse_expression(source).expression
    assert expression is not None
    return evaluate(expression, EvalContext({**variables})).diagnostics[0].hint


def test_a_shell_variable_in_a_template_gets_its_hint() -> None:
    assert hint('"echo ${HOME}"') == "write $HOME, or $${HOME} to leave it to the shell"
    assert hint('"${files}"') == "write $files, or $${files} to leave it to the shell"
    assert hint('"${imge}"', image="x") == 'did you mean "image"?'
    assert hint("HOME") == ""


def test_a_shell_expansion_that_is_no_expression_gets_the_hint_too() -> None:
    assert "$${" in parse('a = "${NAME:-x}"\n').diagnostics[0].hint
