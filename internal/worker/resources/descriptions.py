"""What a resource type knows of versions beside their keys, for people: who made a commit, and what for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pikoci.internal.domain.metadata import tidy
from pikoci.internal.worker.tools.masking import Masker

#: Bytes of metadata that one check reports; those of its newest versions come first.
_MOST = 4 * 1024 * 1024
_ENCODER = msgspec.json.Encoder(order="sorted")


class Descriptions:
    """Metadata of versions. It comes from outside, and is tidied and masked on its way to the server."""

    def __init__(self) -> None:
        self._known: dict[bytes, Mapping[str, str]] = {}

    def add(self, version: Mapping[str, object], metadata: Mapping[str, str]) -> None:
        """Keep what is known of a version."""
        self._known[_ENCODER.encode(version)] = metadata

    def of(self, versions: Sequence[Mapping[str, object]], masker: Masker) -> list[dict[str, str]]:
        """That of the last versions, as `CheckResult` takes it: of as many as are not too much together."""
        found: list[dict[str, str]] = []
        size = 0
        for version in reversed(versions if self._known else ()):
            known = self._known.get(_ENCODER.encode(version), {})
            # Cut afterwards: half a secret is not known as one.
            shown = tidy({name: masker.mask_text(value) for name, value in known.items()})
            size += len(_ENCODER.encode(shown))
            if size > _MOST:
                break
            found.append(shown)
        return found[::-1]
