"""Secrets never get through, however the stream is cut."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from random import Random
from string import ascii_letters
from urllib.parse import quote, quote_plus

import markupsafe
import pytest

from pikoci.internal.worker.tools.masking import Masker, _index

Form = Callable[[str], bytes]


def in_base64(text: str) -> bytes:
    return b64encode(text.encode())


def in_base64_with_more(text: str) -> bytes:
    return b64encode(f"{text}, and more".encode())


def in_urlsafe_base64(text: str) -> bytes:
    return urlsafe_b64encode(text.encode()).rstrip(b"=")


def quoted_in_lower_case(text: str) -> bytes:
    return re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")).encode()


def in_json_of_go(text: str) -> bytes:
    dumped = json.dumps(text, ensure_ascii=False)[1:-1]
    for sign in "<>&":
        dumped = dumped.replace(sign, f"\\u{ord(sign):04x}")
    return dumped.encode()


FORMS: dict[str, Form] = {
    "base64": in_base64,
    "base64 with more": in_base64_with_more,
    "base64 for addresses": in_urlsafe_base64,
    "percent": lambda text: quote(text).encode(),
    "percent, strict": lambda text: quote(text, safe="").encode(),
    "percent, lower case": quoted_in_lower_case,
    "form": lambda text: quote_plus(text).encode(),
    "json": lambda text: json.dumps(text)[1:-1].encode(),
    "json in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].encode(),
    "json of Go": in_json_of_go,
    "html": lambda text: escape(text).encode(),
    "html of templates": lambda text: str(markupsafe.escape(text)).encode(),
    "html, text": lambda text: escape(text, quote=False).encode(),
}


def stream(masker: Masker, *chunks: bytes) -> bytes:
    return b"".join([*map(masker.feed, chunks), masker.finish()])


def every_occurrence(secrets: list[str], data: bytes) -> bytes:
    """The slow and obvious way: find all, merge what overlaps."""
    spans = sorted(
        (start, start + len(pattern))
        for pattern in _index(tuple(secrets)).patterns
        for start in range(len(data))
        if data.startswith(pattern, start)
    )
    out, done = b"", 0
    for start, end in spans:
        if start >= done:
            out += data[done:start] + b"***"
        done = max(done, end)
    return out + data[done:]


@pytest.mark.parametrize("cut", range(13))
def test_a_secret_cut_in_two_is_masked(cut: int) -> None:
    data = b"abc hunter2 x"
    assert stream(Masker(["hunter2"]), data[:cut], data[cut:]) == b"abc *** x"


def test_any_text_in_any_pieces_is_masked_as_if_whole() -> None:
    random = Random(7)
    for _ in range(3000):
        secrets = ["".join(random.choices("abé", k=random.randint(1, 6))) for _ in range(random.randint(1, 4))]
        data = "".join(random.choices("abcé", k=random.randint(0, 30))).encode() + b"\xff" * random.randint(0, 1)
        cuts = sorted(random.choices(range(len(data) + 1), k=4))
        pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert stream(Masker(secrets), *pieces) == every_occurrence(secrets, data), (secrets, pieces)


def test_no_more_is_held_back_than_could_become_a_secret() -> None:
    masker = Masker(["hunter2"])
    assert masker.feed(b"a line\nhunt") == b"a line\n"
    assert masker.feed(b"ing") == b"hunting"
    assert masker.feed(b"hunter") == b""
    assert masker.finish() == b"hunter"


def test_the_longer_of_two_secrets_is_waited_for() -> None:
    assert stream(Masker(["abc", "abcdef"]), b"abc", b"def") == b"***"
    assert stream(Masker(["abc", "abcdef"]), b"abc", b"deg") == b"***deg"


def test_overlapping_secrets_leave_nothing_over() -> None:
    assert stream(Masker(["xab", "abcd"]), b"-xabcd-") == b"-***-"


def test_secrets_of_several_lines_are_masked_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEabcd\r\nzzzz1234\n}\n-----END KEY-----\n"
    assert stream(Masker([key]), b"> MIIEabcd\r\n} zzzz1234") == b"> ***\r\n} ***"


def test_invalid_utf8_is_left_alone() -> None:
    data = bytes(range(256)) * 3
    assert stream(Masker(["secret"]), data[:100], data[100:]) == data


def test_without_secrets_chunks_pass_as_they_are() -> None:
    chunk = b"x" * 10
    assert Masker([]).feed(chunk) is chunk
    assert Masker(["", " \n"]).feed(chunk) is chunk


def test_many_secrets_work_as_few_do() -> None:
    secrets = [f"secret-{number:03}" for number in range(100)]
    assert stream(Masker(secrets), b"a secret-0", b"42 b") == b"a *** b"


def test_text_is_masked_and_recognised() -> None:
    masker = Masker(["pässword"])
    assert masker.mask_text("the pässword!") == "the ***!"
    assert masker.contains_secret("my pässword")
    assert not masker.contains_secret("my word")
    assert masker.reveals_secret("my pässword")
    assert not Masker(["abc"]).reveals_secret("abcdef0123")


@pytest.mark.parametrize("secret", ["pässword 7", "p@ss/w+rd", 'say "hi" \\ <b>&\'s</b>', "hunter2", "key1"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_a_secret_is_masked_in_the_forms_that_programs_print(secret: str, form: Form, before: str) -> None:
    whole = form(f"{before}{secret}")
    masked = stream(Masker([secret]), b"x " + whole[:5], whole[5:] + b" y\n")
    assert masked.startswith(b"x ")
    assert masked.endswith(b" y\n")
    assert b"***" in masked
    left = masked.removeprefix(b"x ").removesuffix(b" y\n").replace(b"***", b"")
    # Of base64, characters at a border also hold bits of what stands around.
    assert len(left) <= (len(form(before)) + len(form("")) + 2 if "64" in form.__name__ else len(before)), left


def test_three_characters_are_masked_in_their_forms() -> None:
    masker = Masker(['a"b'])
    assert masker.mask(rb'a"b a\"b a&quot;b a%22b YSJi') == b"*** *** *** *** ***"


def test_forms_of_the_shortest_secrets_are_not_looked_for() -> None:
    assert Masker(["ab"]).mask(b"ab YWI=") == b"*** YWI="


@pytest.mark.parametrize("width", [64, 76])
def test_a_whole_key_in_base64_is_masked_row_by_row(width: int) -> None:
    random = Random(3)
    rows = ["".join(random.choices(ascii_letters, k=64)) for _ in range(6)]
    key = "\n".join(["-----BEGIN KEY-----", *rows, "-----END KEY-----", ""])
    encoded = b64encode(key.encode()).decode()
    printed = [encoded[start : start + width] for start in range(0, len(encoded), width)]
    masked = Masker([key]).mask("\n".join(printed).encode()).split(b"\n")
    assert masked[:-1] == [b"***"] * (len(printed) - 1)


def test_a_common_word_in_a_secret_hides_nothing_else() -> None:
    assert Masker(["a line & more"]).mask(b"a line of a log, and more") == b"a line of a log, and more"


def test_encoded_secrets_are_recognised() -> None:
    masker = Masker(["hunter22"])
    assert masker.contains_secret(b64encode(b"user:hunter22").decode())
    assert masker.reveals_secret(b64encode(b"user:hunter22").decode())
    assert not Masker(["abc"]).reveals_secret(b64encode(b"abc").decode())


def test_a_secret_that_becomes_known_is_masked_from_then_on() -> None:
    secrets = ["first"]
    masker = Masker(secrets)
    assert masker.feed(b"first second sec") == b"*** second sec"
    secrets.append("second")
    assert masker.feed(b"ond second fir") == b"ond *** "
    secrets.append("third")
    assert masker.feed(b"st thi") == b"*** "
    assert masker.feed(b"rd") + masker.finish() == b"***"
    assert masker.contains_secret("a third")
    assert masker.mask_text("second") == "***"
