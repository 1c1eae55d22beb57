import re
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.web.ansi import LONGEST_LINE, MOST_LINES, Terminal


def shown(*pieces: str) -> list[str]:
    terminal = Terminal()
    for piece in pieces:
        terminal.feed(piece)
    return [str(line) for line in terminal.lines()]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred\x1b[0m plain", '<span class="f1">red</span> plain'),
        ("\x1b[1;4;92mloud\x1b[m", '<span class="b u f10">loud</span>'),
        ("\x1b[44;97mon blue", '<span class="f15 g4">on blue</span>'),
        ("\x1b[38;5;9mbright\x1b[39m off", '<span class="f9">bright</span> off'),
        ("\x1b[38;2;1;2;3mtrue colour", "true colour"),
        ("\x1b[38;5;200;1mpalette", '<span class="b">palette</span>'),
        ("\x1b[1mbold\x1b[22m not", '<span class="b">bold</span> not'),
        ("\x1b[38mshort", "short"),
        ("\x1b[2K\x1b[1;1Hmoved", "moved"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bcharset\x1b7saved\x1b=", "charsetsaved"),
        ("bell\x07 and \x00 nul\x9b", "bell and  nul"),
        ("tab\there", "tab\there"),
    ],
)
def test_colours_become_classes_and_other_sequences_disappear(text: str, line: str) -> None:
    assert shown(text) == [line]


def test_markup_in_output_is_text() -> None:
    assert shown("<script>alert(1)</script>\x1b[31m<b>") == [
        '&lt;script&gt;alert(1)&lt;/script&gt;<span class="f1">&lt;b&gt;</span>'
    ]


def test_a_sequence_may_come_in_pieces() -> None:
    line = 'a<span class="f1">red</span><span class="f1"> end</span>'
    assert shown("a\x1b", "[3", "1mred", "\x1b]0;ti", "tle\x1b", "\\ end") == [line]


def test_a_carriage_return_prints_over_the_line() -> None:
    assert shown("10%\r50%\r", "100%\r\n", "next\r", "\nlast") == ["100%", "next", "last"]


def test_colours_last_over_lines() -> None:
    assert shown("\x1b[32mone\ntwo") == ['<span class="f2">one</span>', '<span class="f2">two</span>']


def test_only_the_last_lines_are_kept() -> None:
    lines = shown("".join(f"{number}\n" for number in range(MOST_LINES + 5)))
    assert (len(lines), lines[0]) == (MOST_LINES, "5")


def test_a_line_without_an_end_is_broken() -> None:
    assert [len(line) for line in shown("x" * (2 * LONGEST_LINE + 1))] == [LONGEST_LINE, LONGEST_LINE, 1]


PARTS = st.sampled_from(
    ["\x1b", "[", "]", "3", "1", ";", "m", "\r", "\n", "<", ">", '"', "&", "a", "\x07", "\\", "é", "("]
)


@pytest.mark.parametrize("piece", ["\r", "\x1b", "\x1b[", "\x1b]", "\x1b[1;", "1;", "\x1b[31m<", "\x9b"])
def test_no_output_takes_long_to_read(piece: str) -> None:
    # A quadratic rule would take minutes for this.
    assert "end" in shown("\x1b[" + piece * 50_000 + "\x07m end")[-1]


@given(st.lists(PARTS, max_size=40).map("".join), st.integers(0, 40))
def test_however_output_is_cut_it_shows_the_same_and_only_our_tags(text: str, cut: int) -> None:
    whole = "\n".join(shown(text))
    plain = re.sub(r'<span class="[a-z0-9 ]+">|</span>', "", whole)
    assert escape(unescape(plain)) == plain
    in_pieces = re.sub(r"<[^>]*>", "", "\n".join(shown(text[:cut], text[cut:])))
    assert in_pieces == plain
