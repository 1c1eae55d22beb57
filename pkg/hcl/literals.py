"""The text of number and string tokens to their values."""

import re
import unicodedata
from decimal import Decimal

from pikoci.pkg.hcl.numeric import NumberError, normal
from pikoci.pkg.hcl.stream import TokenStream

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}|.)|\$\$\{|%%\{", re.DOTALL)
_TEMPLATE_ESCAPE = re.compile(r"\$\$\{|%%\{")
_MANY_MARKS = re.compile(rb"[^\0]{100}")
_SELECTORS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def parse_number(stream: TokenStream, index: int) -> int | Decimal:
    """Return the value of a number token."""
    text = stream.text(index)
    if len(text) < 100 and text.isdecimal():
        return int(text)
    if not _NUMBER.match(text):
        stream.fail("Invalid number", f'"{text[:40]}" is not a number.', stream.range_of(index))
    try:
        return normal(Decimal(text))
    except (NumberError, ArithmeticError):
        stream.fail("Number out of range", "This number is too large or too small.", stream.range_of(index))


def unquote(stream: TokenStream, text: str, start: int) -> str:
    """Return the value of quoted text: escape sequences replaced, normalised to NFC as the reference parser does.

    `start` is the text's offset in the source, for reporting a bad escape.
    """
    if "\\" in text or "{" in text:
        text = _ESCAPE.sub(lambda found: _escape(stream, found, start), text)
    return normalized(text)


def normalized(text: str) -> str:
    """Return a text in NFC. One with a hundred marks on a letter stays as it is: sorting them takes quadratic time."""
    if text.isascii() or _MANY_MARKS.search(bytes(map(unicodedata.combining, text))):
        return text
    return unicodedata.normalize("NFC", text)


def heredoc_text(text: str) -> str:
    """Return the value of heredoc text: only `$${` and `%%{` are escapes here."""
    if "{" in text:
        text = _TEMPLATE_ESCAPE.sub(lambda found: found[0][1:], text)
    return normalized(text)


def _escape(stream: TokenStream, found: re.Match[str], start: int) -> str:
    sequence = found[0]
    if sequence[0] != "\\":
        return sequence[1:]
    selector = sequence[1]
    if selector in _SELECTORS:
        return _SELECTORS[selector]
    where = stream.range_of(stream.index)
    where.start, where.end = start + found.start(), start + found.end()
    if selector in "uU":
        digits = 4 if selector == "u" else 8
        if len(sequence) == digits + 2:
            code = int(sequence[2:], 16)
            if code < 0xD800 or 0xDFFF < code < 0x110000:
                return chr(code)
            stream.report("Invalid escape sequence", f"There is no character U+{code:04X}.", where)
        else:
            stream.report("Invalid escape sequence", f"\\{selector} takes {digits} hexadecimal digits.", where)
    else:
        hint = "write \\\\ for a backslash" if selector != "$" else "write $${ for a literal ${"
        stream.report(
            "Invalid escape sequence", f'"{sequence}" is not one of \\n \\r \\t \\" \\\\ \\u \\U.', where, hint
        )
    return sequence
