"""Formatting changes space and nothing else, and does it once for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.pkg.hcl import Range, Source, format_source, parse
from pikoci.pkg.hcl.lexer import NEWLINE, lex
from tests.unit.docs.markdown import ROOT, all_blocks

CORPUS = Path(__file__).parents[3] / "contract/pkg/hcl/corpus"
GOOD = [path.read_bytes().decode() for path in sorted(CORPUS.glob("good/*.hcl"))]
BAD = [path.read_bytes().decode("utf-8", "replace") for path in sorted(CORPUS.glob("bad/*.hcl"))]
EXAMPLES = sorted(ROOT.glob("configs/pipelines/*.hcl"))
SPACE = st.text(st.sampled_from(" \t"), max_size=3)
SIGNS = """
    a { } [ ] ( ) , ? : . * + - ! && => = ... for in if 1 1.5 x.0 é f( b=1 null [*] :: "x" "${a}"
"""
LINES = ["# c\n", "/* c */", "/* c\nd */", "<<E\n x\nE\n", "<<-E\n  x\n  E\n", "\n", "\r\n", "\n\n\n"]
PIECES = st.sampled_from([*SIGNS.split(), *LINES])


def shape(node: Any) -> Any:
    """A syntax tree without its places."""
    if isinstance(node, tuple):
        return tuple(map(shape, node))
    slots = [name for kind in type(node).__mro__ for name in getattr(kind, "__slots__", ())]
    if not slots or isinstance(node, Range | Source):
        return str(node) if not isinstance(node, Range) else None
    hidden = ("_in", "_start", "_end", "_label_places", "name_range")
    return (type(node).__name__, *(shape(getattr(node, name)) for name in sorted(slots) if name not in hidden))


def words(text: str) -> list[tuple[str, str]]:
    """The tokens, line ends left out."""
    tokens = lex(Source(text))
    found = zip(tokens.kinds, tokens.starts, tokens.ends, strict=True)
    return [(kind, text[start:end].removesuffix("\r")) for kind, start, end in found if kind != NEWLINE]


def ink(text: str) -> str:
    """Everything in a text but space, in its order."""
    return "".join(text.removeprefix("\ufeff").split())


def checked(text: str) -> str:
    """Format a text that can be parsed, and see that all is as it was but for space."""
    made = format_source(text).text
    assert made is not None
    assert format_source(made).text == made
    assert words(made) == words(text)
    assert shape(parse(made).body) == shape(parse(text).body)
    assert ink(made) == ink(text)
    return made


@pytest.mark.parametrize("text", GOOD)
def test_files_of_the_corpus_keep_their_meaning(text: str) -> None:
    checked(text)


@pytest.mark.parametrize("text", BAD)
def test_a_file_with_errors_is_not_formatted(text: str) -> None:
    made, diagnostics = format_source(text)
    assert made is None or not diagnostics


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_source(text).text == text, "run `pikoci pipeline fmt configs/pipelines/*.hcl`"


@pytest.mark.parametrize("block", all_blocks("hcl"), ids=str)
def test_examples_of_the_pages_are_formatted(block: Any) -> None:
    made = format_source(block.text).text
    assert made is None or made == block.text


@settings(derandomize=True, database=None, max_examples=25, deadline=None)
@given(st.sampled_from(GOOD), st.lists(SPACE, min_size=1, max_size=40), st.booleans())
def test_any_space_between_tokens_is_put_right(text: str, spaces: list[str], keep: bool) -> None:
    tokens = lex(Source(text))
    made, position = "", 0
    inside = 0
    for index, (kind, start, end) in enumerate(zip(tokens.kinds, tokens.starts, tokens.ends, strict=True)):
        space = "" if inside else spaces[index % len(spaces)]
        made += text[position:start] + space if keep or inside else text[position:start].strip(" \t") + space
        made += text[start:end]
        inside += kind.startswith("open ") - kind.startswith("close ")
        position = end
    if not parse(made).diagnostics:
        checked(made)


@settings(derandomize=True, database=None, max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25), st.sampled_from(["", " "]))
def test_any_row_of_pieces_is_formatted_or_refused(pieces: list[str], between: str) -> None:
    for text in (between.join(pieces), f"v = [{between.join(pieces)}\n]", f"v = f({between.join(pieces)})\n"):
        if format_source(text).text is not None:
            checked(text)


@settings(derandomize=True, database=None, max_examples=60, deadline=None)
@given(st.sampled_from(GOOD), st.integers(0, 400), st.integers(0, 8), st.text(max_size=4))
def test_a_damaged_file_is_formatted_or_refused(text: str, at: int, lost: int, new: str) -> None:
    damaged = text[:at] + new + text[at + lost :]
    if format_source(damaged).text is not None:
        checked(damaged)


TABLE = {
    "indentation is two spaces a level": ("a {\n\tb {\n      c = 1\n}\n    }\n", "a {\n  b {\n    c = 1\n  }\n}\n"),
    "brackets opened on one line are one level": ("a = f([{\nb = 1\n}])\n", "a = f([{\n  b = 1\n}])\n"),
    "a line that closes and opens stands where it opened": (
        "a = [{\nb = 1\n  }, {\nc = 1\n}]\n",
        "a = [{\n  b = 1\n}, {\n  c = 1\n}]\n",
    ),
    "arguments on consecutive lines are aligned": ("a = 1\nbcd=2\n\nef=3\n", "a   = 1\nbcd = 2\n\nef = 3\n"),
    "a value of several lines is not": ("a=1\nbcd = [\n  1\n]\n", "a = 1\nbcd = [\n  1\n]\n"),
    "a comment between them ends the alignment": ("a=1\n# x\nbcd = 2\n", "a = 1\n# x\nbcd = 2\n"),
    "so does a heredoc": ("a=<<E\n x\nE\nbcd =2\n", "a = <<E\n x\nE\nbcd = 2\n"),
    "comments behind code are aligned": ("a = 1 # x\nb = 234# y\n", "a = 1   # x\nb = 234 # y\n"),
    "keys of objects are aligned": ('a = {\nb = 1\n"c d"=2\n}\n', 'a = {\n  b     = 1\n  "c d" = 2\n}\n'),
    "several blank lines become one": ("\n\na = 1\n\n \n\nb = 2\n\n\n", "a = 1\n\nb = 2\n"),
    "operators have space around them": ("a=b+c*-d>1&&!e\n", "a = b + c * -d > 1 && !e\n"),
    "calls, indexes and splats have none inside": ("a = f (b [ 0 ] , c . d [ * ])\n", "a = f(b[0], c.d[*])\n"),
    "braces have": ("a = {b=1,c={}}\n", "a = { b = 1, c = {} }\n"),
    "a conditional": ("a=b?[1]:(c)\n", "a = b ? [1] : (c)\n"),
    "a for expression": ("a=[for x in[1]:x if x>0]\n", "a = [for x in[1] : x if x > 0]\n"),
    "space that keeps two indexes apart stays": ("a = b.0 .1\n", "a = b.0 .1\n"),
    "a heredoc keeps every byte": ("a{\nb=<<-E\n\tx  \n  E  \n}\n", "a {\n  b = <<-E\n\tx  \n  E  \n}\n"),
    "a quoted template keeps every byte": ('a = "${  b }  x"\n', 'a = "${  b }  x"\n'),
    "a comment of several lines does": ("a {\n/* x\n  y */\n}\n", "a {\n  /* x\n  y */\n}\n"),
    "what follows such a comment is not aligned": ("a=1\n/* x\ny */ bcd=2\n", "a = 1\n/* x\ny */ bcd = 2\n"),
    "lines end as the first one does": ("a=1\r\nb=2\nc=<<E\nx\nE\n", "a = 1\r\nb = 2\r\nc = <<E\nx\nE\r\n"),
    "the last line ends": ("a=1", "a = 1\n"),
    "a byte order mark goes": ("\ufeffa=1\n", "a = 1\n"),
    "nothing stays nothing": ("\n \n", ""),
    "space behind comments goes": ("# a  \t\n", "# a\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), TABLE.values(), ids=TABLE)
def test_form(text: str, wanted: str) -> None:
    assert checked(text) == wanted
