"""Artifacts: streams stored under their SHA-256, opened by the claims of builds of the same pipeline."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import NotFoundError, StaleClaimError, TooLargeError
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context

_CHUNK = 256 * 1024


class Artifacts:
    """Takes and gives streams in chunks; memory does not grow with their size.

    The claim that opens them must be that of `by`, if given.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def store(self, build_id: int, claim: int, chunks: Iterable[bytes], by: Claimant | None = None) -> str:
        """See `Gateway.store_artifact`. What a broken upload left is deleted by the retention loop at the latest."""
        build = self._current(build_id, claim, by)
        upload = secrets.token_hex(16)
        try:
            digest, size = self._append(upload, chunks)
        except BaseException:
            with self._store.transaction():
                self._store.artifacts.discard(upload)
            raise
        with self._store.transaction():
            self._store.artifacts.finish(upload, digest, size, build.pipeline_id, self._context.clock.now())
        return digest

    def load(self, build_id: int, claim: int, digest: str, by: Claimant | None = None) -> Iterator[bytes]:
        """See `Gateway.load_artifact`."""
        build = self._current(build_id, claim, by)
        if not self._store.artifacts.exists(digest, build.pipeline_id):
            raise NotFoundError(f"this pipeline has no artifact {digest[:64]}")
        return self._store.artifacts.read(digest)

    def _current(self, build_id: int, claim: int, by: Claimant | None) -> Build:
        build = self._store.builds.get(build_id)
        if build is None or build.claim != claim or build.status is not BuildStatus.STARTED:
            raise StaleClaimError(f"claim {claim} of build {build_id} is no longer current")
        if by is not None:
            by.require_mine(self._store.builds.holder(build_id), f"claim {claim} of build {build_id}")
        return build

    def _append(self, upload: str, chunks: Iterable[bytes]) -> tuple[str, int]:
        limit = self._context.settings.max_artifact_size
        hashed, size = hashlib.sha256(), 0
        for sequence, piece in enumerate(_cut(chunks)):
            size += len(piece)
            if size > limit:
                raise TooLargeError(f"an artifact has at most {limit} bytes")
            hashed.update(piece)
            with self._store.transaction():
                self._store.artifacts.append(upload, sequence, piece, self._context.clock.now())
        return hashed.hexdigest(), size


def _cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _CHUNK):
            yield chunk[start : start + _CHUNK]
