"""Structure, positions and recovery of the parser."""

import pytest

from pikoci.pkg.hcl import Attribute, Block, keyword, parse, parse_expression
from pikoci.pkg.hcl.limits import MAX_DEPTH


def summaries(source: str) -> list[tuple[int, str]]:
    return [(found.range.line, found.summary) for found in parse(source).diagnostics if found.range]


def test_attributes_and_blocks_keep_their_order() -> None:
    body, diagnostics = parse('get "git" "a" {}\nx = 1\ntask "t" {}\nget "git" "b" {}\ny = 2\n')
    assert diagnostics == []
    assert [item.name if isinstance(item, Attribute) else (item.type, item.labels) for item in body] == [
        ("get", ("git", "a")),
        "x",
        ("task", ("t",)),
        ("get", ("git", "b")),
        "y",
    ]
    assert list(body.attributes) == ["x", "y"]
    assert [block.labels[-1] for block in body.blocks_of("get")] == ["a", "b"]
    assert body.attribute("y") is body.attributes["y"]
    assert body.attribute("z") is None


def test_ranges_have_lines_columns_and_offsets() -> None:
    body, _ = parse('a = 1\n\njob "bü" "c" {\n  é = true\n}\n', "ci.hcl")
    block = body.blocks[0]
    assert isinstance(block, Block)
    assert str(block.range) == "ci.hcl:3:1"
    assert (block.label_ranges[0].column, block.label_ranges[0].end_column) == (5, 9)
    assert block.label_ranges[1].text == '"c"'
    inner = block.body.attributes["é"]
    assert (inner.name_range.line, inner.name_range.column, inner.name_range.end_column) == (4, 3, 4)
    assert inner.expr.range.start_byte == len('a = 1\n\njob "bü" "c" {\n  é = '.encode())


def test_columns_count_what_a_reader_sees() -> None:
    diagnostic = parse('a = "e\u0301\u200d" "b"\n').diagnostics[0]
    assert diagnostic.range is not None
    assert diagnostic.range.column == 9


@pytest.mark.parametrize("source", ["", "\n\n", "# nothing", "\ufeff", "\ufeffa = 1\n", b"a = 1\r\n"])
def test_small_files_are_accepted(source: str | bytes) -> None:
    assert parse(source).diagnostics == []


@pytest.mark.parametrize("word", ["string", "number", "bool", "true", "null", "any-thing"])
def test_a_bare_word_is_a_keyword(word: str) -> None:
    assert keyword(parse(f"type = {word}\n").body.attributes["type"].expr) == word


@pytest.mark.parametrize("source", ['"string"', "a.b", "(string)", '"${string}"', "1", "f()", "[string]"])
def test_anything_else_is_no_keyword(source: str) -> None:
    expression = parse_expression(source).expression
    assert expression is not None
    assert keyword(expression) is None


def test_all_errors_of_a_file_are_reported() -> None:
    source = (
        "a =\nb = [1, 2\nc = 'x'\nd { e = 1, f = 2 }\ng = 1 h = 2\nblock {\n  i = (1\n  j = 2\n}\nk = 1\nk = 2\nl = 3\n"
    )
    assert summaries(source) == [
        (1, "Missing expression"),
        (3, "Invalid character"),
        (4, "Invalid one-line block"),
        (5, "Missing newline after argument"),
        (8, "Missing )"),
        (11, "Argument set twice"),
    ]
    assert list(parse(source).body.attributes) == ["k", "l"]


def test_an_unclosed_template_spoils_only_its_line() -> None:
    assert summaries('a = "x ${f("${b"\nc = 1 d\n') == [
        (1, "Invalid multi-line string"),
        (2, "Missing newline after argument"),
    ]


def test_a_missing_brace_is_reported_once() -> None:
    assert summaries("a {\n  b {\n    c {\n      d = 1\n") == [(3, "Unclosed block")]


def test_a_wrong_character_hides_what_it_breaks_on_its_line() -> None:
    assert summaries("a = 'it works'; b = @\nc = 1\n") == [
        (1, "Invalid character"),
        (1, "Invalid character"),
        (1, "Invalid character"),
    ]


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ("a = 1\0\n", "Invalid character"),
        ('a = "x\nb = 1\n', "Invalid multi-line string"),
        ('a = "x', "Unterminated string"),
        ("a = <<EOT\nx\n", "Unterminated heredoc"),
        ("a = <<EOT\nx\nEOT", "Unterminated heredoc"),
        ("a = 1 /* x\n", "Unterminated comment"),
        ('a = "${b"\n', "Invalid multi-line string"),
        ('a = "${b', "Unclosed template sequence"),
        ('a = "%{ if b }c"\n', "Unclosed if"),
        ('a = "%{ endif }"\n', "Unexpected endif"),
        ('a = "\\q"\n', "Invalid escape sequence"),
        ("a = 1.2.3\n", "Invalid number"),
        ("a = 1e999999999\n", "Number out of range"),
        ("a = b.0.1\n", "Invalid legacy index"),
        ("}\n", "Extra closing brace"),
        ('"a" = 1\n', "Invalid argument name"),
        ('a "${b}" {}\n', "Invalid label"),
        ("a { b { } }\n", "Invalid one-line block"),
        ("a = [for x in y : x => x]\n", "Invalid for"),
    ],
)
def test_each_mistake_has_its_name(source: str, summary: str) -> None:
    assert [found.summary for found in parse(source).diagnostics] == [summary]


def test_bytes_that_are_not_utf8_are_reported_where_they_are() -> None:
    diagnostic = parse(b"a = 1\nb = \xff\n").diagnostics[0]
    assert diagnostic.summary == "Invalid character encoding"
    assert str(diagnostic.range) == "<config>:2:5"
    assert parse('a = "\ud800"\n').diagnostics[0].summary == "Invalid character encoding"


DEEP = 20_000


@pytest.mark.parametrize(
    "source",
    [
        "a = " + "[" * DEEP,
        "a = " + "(" * DEEP,
        "a = " + "{ x = " * DEEP,
        "a = " + "!" * DEEP + "x",
        'a = "' + '${"' * DEEP,
        'a = "' + "%{ if x }" * DEEP + "%{ endif }" * DEEP + '"',
        "a = " + "x ? 1 : " * DEEP + "2",
        "a = x" + "[*]" * DEEP,
        "a {\n" * DEEP + "}\n" * DEEP,
    ],
)
def test_endless_nesting_is_an_error_and_not_a_crash(source: str) -> None:
    assert "Nested too deeply" in [found.summary for found in parse(source).diagnostics]


def test_nesting_up_to_the_limit_works() -> None:
    assert parse("a = " + "(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1) + "\n").diagnostics == []


def test_a_flood_of_errors_is_cut_off() -> None:
    diagnostics = parse("a =\n" * 1000).diagnostics
    assert len(diagnostics) == 101
    assert (diagnostics[-1].summary, diagnostics[-1].detail) == ("Too many errors", "Further ones are not looked for.")
