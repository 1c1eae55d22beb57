"""Keeping secrets out of a stream of bytes, also when one is cut in two by a chunk border."""

from __future__ import annotations

import re
from collections.abc import Iterable

STARS = b"***"
_SHORTEST_LINE = 4  # lines of a multi-line secret such as "}" or "---" tell nothing and would riddle the log
_SHORTEST_TELLING = 6
_PROBE = 16
_FEW = 16  # so many patterns are found faster one by one than by one regular expression


def mask_patterns(secrets: Iterable[str]) -> list[bytes]:
    """What to look for: each secret, or each telling line of one that has several lines; longest first."""
    found: set[bytes] = set()
    for secret in secrets:
        data = secret.strip().encode("utf-8", "surrogateescape")
        if b"\n" in data:
            lines = (line.strip() for line in data.splitlines())
            found.update(line for line in lines if len(line) >= _SHORTEST_LINE)
        elif data:
            found.add(data)
    return sorted(found, key=lambda pattern: (-len(pattern), pattern))


class Masker:
    """Replaces every occurrence of the secrets in one stream by `***`.

    Only the end of the stream that could still become a secret is held back, at most the longest secret less one byte.
    Occurrences that overlap become one `***`. All other bytes, valid UTF-8 or not, pass unchanged.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        patterns = mask_patterns(secrets)
        self._search = re.compile(b"|".join(map(re.escape, patterns))).search if patterns else None
        self._few = patterns if len(patterns) <= _FEW else None
        telling = [pattern for pattern in patterns if len(pattern) >= _SHORTEST_TELLING]
        self._telling = re.compile(b"|".join(map(re.escape, telling))).search if telling else None
        self._longest = len(patterns[0]) if patterns else 0
        self._by_first: dict[int, list[bytes]] = {}
        for pattern in patterns:
            self._by_first.setdefault(pattern[0], []).append(pattern)
        firsts = b"".join(re.escape(bytes([first])) for first in self._by_first)
        self._first = re.compile(b"[" + firsts + b"]") if patterns else None
        self._held = b""
        self._covered = 0  # how many of the held bytes stand for a `***` that is already out

    def feed(self, chunk: bytes) -> bytes:
        """The masked bytes that are certain now, after `chunk` came in."""
        if self._search is None:
            return chunk
        data = self._held + chunk if self._held else chunk
        cut = self._undecided_from(data)
        return self._release(data, cut)

    def finish(self) -> bytes:
        """What was held back, at the end of the stream; the masker can then be used for another one."""
        data, self._held = self._held, b""
        return self._release(data, len(data)) if data else b""

    def mask(self, data: bytes) -> bytes:
        """`data` masked as a stream of its own."""
        return self.feed(data) + self.finish()

    def mask_text(self, text: str) -> str:
        """`text` masked as a stream of its own: for reasons and names."""
        if self._search is None:
            return text
        return self.mask(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def contains_secret(self, text: str) -> bool:
        """Whether a secret stands in `text`."""
        return self._search is not None and self._search(text.encode("utf-8", "surrogateescape")) is not None

    def reveals_secret(self, text: str) -> bool:
        """Whether a secret of some length stands in `text`; shorter ones may stand there by chance."""
        data = text.encode("utf-8", "surrogateescape")
        return self._telling is not None and self._telling(data) is not None

    def _undecided_from(self, data: bytes) -> int:
        """The first place from which `data` is the beginning of a secret that may go on in the next chunk."""
        assert self._first is not None
        place = max(0, len(data) - self._longest + 1)
        while candidate := self._first.search(data, place):
            start = candidate.start()
            left = len(data) - start
            probe = data[start : start + _PROBE]
            for pattern in self._by_first[data[start]]:
                if left < len(pattern) and pattern.startswith(probe) and pattern.startswith(data[start:]):
                    return start
            place = start + 1
        return len(data)

    def _release(self, data: bytes, cut: int) -> bytes:
        """`data[:cut]` masked; the rest is held."""
        assert self._search is not None
        out: list[bytes] = []
        masked_to = self._covered
        if not masked_to and self._few is not None and not any(pattern in data for pattern in self._few):
            self._held = data[cut:]
            return data[:cut]
        place = 0
        while match := self._search(data, place):
            start, end = match.span()
            if start >= cut:
                break
            if start >= masked_to:
                out += (data[masked_to:start], STARS)
            masked_to = max(masked_to, end)
            place = start + 1  # occurrences may overlap; going on behind this one would let the second through
        out.append(data[masked_to:cut])
        self._held = data[cut:]
        self._covered = max(0, masked_to - cut)
        return b"".join(out)
