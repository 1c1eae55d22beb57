"""Output of programs as HTML: colours become classes, everything else that is meant for terminals is taken out.

`static/terminal.js` follows the same rules for the log that comes while one watches.
"""

from __future__ import annotations

import re
from collections import deque
from html import escape

from markupsafe import Markup

#: Lines kept for one step, the last ones.
MOST_LINES = 10_000
#: A line without an end is broken after so many characters.
LONGEST_LINE = 4000

# A whole escape sequence (CSI, OSC, or ESC with one letter), a break of a line, or another control character.
_TOKEN = re.compile(
    r"\x1b\[([0-9;:]{0,64})m"
    r"|\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Za-z]|[@-Z\\^_`-~=>78])"
    r"|([\r\n])"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
# The beginning of a sequence whose end has not come yet.
_OPEN = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,4}|\][^\x07\x1b]{0,200}\x1b?|[()])?\Z")
_ON = {1: "b", 2: "d", 3: "i", 4: "u"}
_OFF = {22: "bd", 23: "i", 24: "u"}


class Style:
    """What SGR sequences have set: `classes` of a span, with spaces between; empty for plain text."""

    def __init__(self) -> None:
        self._flags: set[str] = set()
        self._colors: dict[str, str] = {}
        self.classes = ""

    def apply(self, parameters: str) -> None:
        """Follow one SGR sequence; what is unknown in it changes nothing."""
        codes = [int(code[:4] or 0) for code in parameters.replace(":", ";").split(";")]
        while codes:
            code = codes.pop(0)
            if code in {38, 48}:
                self._extended("f" if code == 38 else "g", codes)
            else:
                self._set(code)
        self.classes = " ".join([*sorted(self._flags), *(self._colors[kind] for kind in sorted(self._colors))])

    def _set(self, code: int) -> None:
        if code == 0:
            self._flags.clear()
            self._colors.clear()
        elif code in _ON:
            self._flags.add(_ON[code])
        elif code in _OFF:
            self._flags -= set(_OFF[code])
        elif code in {39, 49}:
            self._colors.pop("f" if code == 39 else "g", None)
        elif 30 <= code <= 37 or 40 <= code <= 47:
            kind = "f" if code < 40 else "g"
            self._colors[kind] = f"{kind}{code % 10}"
        elif 90 <= code <= 97 or 100 <= code <= 107:
            kind = "f" if code < 100 else "g"
            self._colors[kind] = f"{kind}{code % 10 + 8}"

    def _extended(self, kind: str, codes: list[int]) -> None:
        """Of the 256 colours the first 16 have a class; true colours have none."""
        mode = codes.pop(0) if codes else 0
        values = [codes.pop(0) for _ in range({5: 1, 2: 3}.get(mode, 0)) if codes]
        self._colors.pop(kind, None)
        if mode == 5 and values and values[0] < 16:
            self._colors[kind] = f"{kind}{values[0]}"


class Terminal:
    """Takes output piece by piece and gives its last lines as HTML."""

    def __init__(self) -> None:
        self._style = Style()
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._line: list[str] = []
        self._length = 0
        self._returned = False
        self._rest = ""

    def feed(self, text: str) -> None:
        """Add output; it may end within an escape sequence."""
        text = self._rest + text
        held = _OPEN.search(text)
        self._rest = held[0] if held else ""
        text = text[: len(text) - len(self._rest)]
        place = 0
        for token in _TOKEN.finditer(text):
            if token.start() > place:
                self._print(text[place : token.start()])
            place = token.end()
            if token[1] is not None:
                self._style.apply(token[1])
            elif token[2] == "\r":
                self._returned = True
            elif token[2]:
                self._end_line()
        self._print(text[place:])

    def lines(self) -> list[Markup]:
        """The lines so far, the last one also where its end has not come."""
        last = ["".join(self._line)] if self._line else []
        return [Markup(line) for line in (*self._lines, *last)]  # noqa: S704 - every part of it is escaped or ours

    def _print(self, text: str) -> None:
        if text and self._returned:
            # What comes after a carriage return is printed over what was there: a progress bar, mostly.
            self._line, self._length, self._returned = [], 0, False
        while text:
            room = LONGEST_LINE - self._length
            self._add(text[:room])
            text = text[room:]
            if text:
                self._end_line()

    def _add(self, text: str) -> None:
        classes = self._style.classes
        self._line.append(f'<span class="{classes}">{escape(text)}</span>' if classes else escape(text))
        self._length += len(text)

    def _end_line(self) -> None:
        self._lines.append("".join(self._line))
        self._line, self._length, self._returned = [], 0, False
