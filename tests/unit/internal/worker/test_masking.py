"""Secrets never get through, however the stream is cut."""

from __future__ import annotations

from random import Random

import pytest

from pikoci.internal.worker.masking import Masker, mask_patterns


def stream(masker: Masker, *chunks: bytes) -> bytes:
    return b"".join([*map(masker.feed, chunks), masker.finish()])


def every_occurrence(secrets: list[str], data: bytes) -> bytes:
    """The slow and obvious way: find all, merge what overlaps."""
    spans = sorted(
        (start, start + len(pattern))
        for pattern in mask_patterns(secrets)
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
