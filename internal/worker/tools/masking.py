"""Keeping secrets out of a stream of bytes, also when one is cut in two by a chunk border."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from pikoci.internal.domain.secret_forms import base64_rows, secret_forms

STARS = b"***"
_SHORTEST_LINE = 4  # lines of a multi-line secret such as "}" or "---" tell nothing and would riddle the log
_SHORTEST_TELLING = 6
_SHORTEST_RUN = 3
_RUN = re.compile(rb"[0-9A-Za-z]+")
_KEPT = 16  # sets of secrets: every step of a build has the same


class _Secret:
    """The patterns of one secret, itself first. `least` is the length of the shortest."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self.patterns = patterns
        self.least = min(map(len, patterns))
        # The longest run of letters and digits is in every form but base64. Where it is common, the rest decides.
        run = max(_RUN.findall(patterns[0]), key=len, default=b"")
        escaped = [pattern for pattern in patterns if run in pattern] if len(run) >= _SHORTEST_RUN else []
        self._groups = [(run, _shortest(escaped))] if escaped else []
        self._groups += [(pattern, [pattern]) for pattern in _shortest([one for one in patterns if one not in escaped])]

    def is_in(self, data: bytes) -> bool:
        """Whether one of the patterns stands in `data`."""
        return any(probe in data and any(pattern in data for pattern in patterns) for probe, patterns in self._groups)


def _shortest(patterns: Iterable[bytes]) -> list[bytes]:
    """Those without which none of the patterns can be there: every other one holds one of them."""
    found: list[bytes] = []
    for pattern in sorted(patterns, key=len):
        if not any(known in pattern for known in found):
            found.append(pattern)
    return found


class _Index:
    """All patterns, and by two bytes which of them may be cut off behind those."""

    def __init__(self, secrets: Sequence[_Secret]) -> None:
        self.secrets = sorted(secrets, key=lambda one: one.least)
        self.patterns = list(dict.fromkeys(chain.from_iterable(one.patterns for one in secrets)))
        self.firsts = frozenset(pattern[0] for pattern in self.patterns if len(pattern) > 1)
        self.by_pair: dict[bytes, list[bytes]] = {}
        for pattern in self.patterns:
            for pair in {pattern[at : at + 2] for at in range(len(pattern) - 2)}:
                self.by_pair.setdefault(pair, []).append(pattern)

    def longest_beginning(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret that goes on."""
        if not data:
            return 0
        longest, pair = int(data[-1] in self.firsts), data[-2:]
        for pattern in self.by_pair.get(pair, ()):
            end = pattern.rfind(pair, 0, -1) + 2
            while end >= 2 and not data.endswith(pattern[:end]):
                end = pattern.rfind(pair, 0, end - 1) + 2
            if end >= 2:
                longest = max(longest, end)
        return longest


@lru_cache(_KEPT)
def _index(secrets: tuple[str, ...]) -> _Index:
    parts: dict[str, None] = {}
    rows: dict[bytes, None] = {}
    for secret in secrets:
        text = secret.strip()
        lines = [line.strip() for line in text.replace("\r", "\n").split("\n")] if "\n" in text else []
        parts.update(dict.fromkeys([line for line in lines if len(line) >= _SHORTEST_LINE] if lines else [text]))
        rows.update(dict.fromkeys(base64_rows(text)))
    forms = [forms for part in parts if (forms := secret_forms(part))]
    return _Index([_Secret(one) for one in (*forms, *([row] for row in rows))])


class Masker:
    """Replaces every occurrence of the secrets in one stream by `***`, also in the forms of `secret_forms`.

    A list of secrets may grow: what is added is masked from then on. Only the end of the stream that could still become
    a secret is held back, at most the longest form less one byte. Occurrences that overlap become one `***`. All other
    bytes, valid UTF-8 or not, pass unchanged.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._texts = secrets if isinstance(secrets, list) else list(secrets)
        self._known = -1
        self._held = b""
        self._covered = 0  # how many of the held bytes stand for a `***` that is already out

    @property
    def _secrets(self) -> Sequence[_Secret]:
        if self._known < len(self._texts):
            self._known = len(self._texts)
            self._index = _index(tuple(self._texts))
        return self._index.secrets

    def feed(self, chunk: bytes) -> bytes:
        """The masked bytes that are certain now, after `chunk` came in."""
        if not self._secrets:
            return chunk
        data = self._held + chunk if self._held else chunk
        return self._release(data, len(data) - self._index.longest_beginning(data))

    def finish(self) -> bytes:
        """What was held back, at the end of the stream; the masker can then be used for another one."""
        data, self._held = self._held, b""
        return self._release(data, len(data)) if data else b""

    def mask(self, data: bytes) -> bytes:
        """`data` masked as a stream of its own."""
        return self.feed(data) + self.finish()

    def mask_text(self, text: str) -> str:
        """`text` masked as a stream of its own: for reasons and names."""
        if not self._secrets:
            return text
        return self.mask(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def contains_secret(self, text: str) -> bool:
        """Whether a secret stands in `text`, in any form."""
        data = text.encode("utf-8", "surrogateescape")
        return any(one.is_in(data) for one in self._secrets)

    def reveals_secret(self, text: str) -> bool:
        """Whether a secret of some length stands in `text`, in any form; shorter ones may stand there by chance."""
        data = text.encode("utf-8", "surrogateescape")
        return any(one.is_in(data) for one in self._secrets if len(one.patterns[0]) >= _SHORTEST_TELLING)

    def _release(self, data: bytes, cut: int) -> bytes:
        """`data[:cut]` masked; the rest is held."""
        out: list[bytes] = []
        masked_to = self._covered
        for start, end in self._places(data):
            if start >= cut:
                break
            if start >= masked_to:
                out += (data[masked_to:start], STARS)
            masked_to = max(masked_to, end)
        out.append(data[masked_to:cut])
        self._held = data[cut:]
        self._covered = max(0, masked_to - cut)
        return b"".join(out)

    def _places(self, data: bytes) -> list[tuple[int, int]]:
        """Where secrets begin and end, in order; they may overlap, and one may hold another."""
        found = []
        for secret in self._secrets:
            if secret.least > len(data):
                break
            for pattern in secret.patterns if secret.is_in(data) else ():
                start = data.find(pattern)
                while start >= 0:
                    found.append((start, start + len(pattern)))
                    start = data.find(pattern, start + 1)
        found.sort()
        return found
