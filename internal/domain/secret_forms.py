"""The forms in which programs print a value: as it is, in base64, percent-encoded, and escaped for JSON or HTML."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

#: A shorter piece of base64 stands in a text by chance.
_SHORTEST_BASE64 = 4
#: Shorter values have no form but their own.
_SHORTEST_ENCODED = 3
#: Lengths of lines at which programs break base64: MIME's (`base64`), and PEM's (`openssl`).
_WIDTHS = (76, 64)
_SHORTEST_ROW = 8
_URL_SAFE = bytes.maketrans(b"+/", b"-_")

#: What is left as it is beside letters, digits and `-._~`: by strict encoders, for paths, by encodeURIComponent, by
#: encodeURI.
_LEFT_IN_URLS = ("", "/", "!'()*", ";/?:@&=+$,#!'()*")
_HEX_OF_URLS = re.compile(r"%[0-9A-F]{2}")
_HEX_OF_JSON = re.compile(r"\\u[0-9a-f]{4}")
#: What becomes of `<` and `>`, of `"` and of `'`; `&` is always escaped.
_HTML = (
    ("&lt;", "&gt;", "&quot;", "&#x27;"),
    ("&lt;", "&gt;", "&quot;", "&#39;"),
    ("&lt;", "&gt;", "&quot;", "&#039;"),
    ("&lt;", "&gt;", "&quot;", "&apos;"),
    ("&lt;", "&gt;", "&#34;", "&#39;"),
    ("&lt;", "&gt;", '"', "'"),
    ("&lt;", ">", '"', "'"),
)
#: Escaped beside what JSON demands by encoders whose text may stand in a page, and by those that escape slashes.
_JSON_FOR_PAGES = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "'": r"\u0027"})
_GO_JSON = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})


def secret_forms(text: str) -> list[bytes]:
    """The value itself and its other forms, each once; one without line breaks, that may stand in a longer text.

    Of base64 these are the characters that depend on the value alone, wherever in the encoded text it begins.
    """
    data = text.encode("utf-8", "surrogateescape")
    if len(text) < _SHORTEST_ENCODED:
        return [data] if data else []
    found = dict.fromkeys([data])
    found.update(dict.fromkeys(_base64(data)))
    for form in (*_percent_encoded(text), *_in_json(text), *_in_html(text)):
        found[form.encode("utf-8", "surrogateescape")] = None
    return list(found)


def base64_rows(text: str) -> list[bytes]:
    """The lines of the value's base64, where it is so long that programs break it."""
    found: dict[bytes, None] = {}
    data = text.encode("utf-8", "surrogateescape")
    for whole, width in product((data, data + b"\n"), _WIDTHS):
        encoded = b64encode(whole)
        if len(encoded) > width:
            rows = (encoded[start : start + width] for start in range(0, len(encoded), width))
            found.update(dict.fromkeys(row for row in rows if len(row) >= _SHORTEST_ROW))
    return list(found)


def _base64(data: bytes) -> Iterator[bytes]:
    for before in range(3):
        encoded = b64encode(b"\0" * before + data)
        core = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST_BASE64:
            yield core
            yield core.translate(_URL_SAFE)
    for whole in (data, data + b"\n"):
        encoded = b64encode(whole)
        yield encoded
        yield encoded.translate(_URL_SAFE)


def _percent_encoded(text: str) -> Iterator[str]:
    for left in _LEFT_IN_URLS:
        upper = quote(text, safe=left, errors="surrogateescape")
        for form in (upper, _HEX_OF_URLS.sub(lambda code: code[0].lower(), upper)):
            yield form
            yield form.replace("%20", "+")


def _in_json(text: str) -> Iterator[str]:
    for ascii_only, pages, slashes in product((False, True), (None, _GO_JSON, _JSON_FOR_PAGES), (False, True)):
        form = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        form = form.translate(pages) if pages else form
        form = form.replace("/", r"\/") if slashes else form
        yield form
        yield _HEX_OF_JSON.sub(lambda code: code[0][:2] + code[0][2:].upper(), form)


def _in_html(text: str) -> Iterator[str]:
    escaped = text.replace("&", "&amp;")
    for less, more, double, single in _HTML:
        yield escaped.replace("<", less).replace(">", more).replace('"', double).replace("'", single)
