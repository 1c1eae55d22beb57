"""Storing directories with the server, and getting them back."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import BinaryIO, TypeVar

from pikoci.internal.domain.errors import PikociError, UnavailableError
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.resources.artifact import unpack
from pikoci.internal.worker.resources.artifact.packing import packed, refuse_special_files
from pikoci.internal.worker.resources.model import ResourceCall, Version, require
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, errored, failed, stopped

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ERROR_EXCERPT = 500

Result = TypeVar("Result")


class ArtifactType:
    """Versions are `{"sha", "timestamp"}`; `sha` is the SHA-256 of the stored archive, in hex."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """Only puts make versions."""
        return []

    def push(self, call: ResourceCall) -> list[Version]:
        """Pack `dir` and store it."""
        directory = _inside(call, text_of(call.put_params.get("dir")))
        if not directory.is_dir():
            raise StepError(failed(f'there is no directory "{call.put_params.get("dir")}" to store'))

        refuse_special_files(call, directory)

        def store(claim: ClaimRef) -> str:
            with packed(call, directory) as packing:
                digest = call.gateway.store_artifact(claim.id, claim.claim, packing)
                packing.check()
                return digest

        digest = _persist(call, store)
        call.note(f"stored {call.put_params.get('dir')} as {digest}")
        return [{"sha": digest, "timestamp": call.timestamp()}]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Get the archive, make sure that it is the right one, and unpack it into `dir`."""
        digest = text_of(version.get("sha"))
        if not _DIGEST.fullmatch(digest):
            raise StepError(errored(f'an artifact version needs a "sha" of 64 hex digits, not "{digest}"'))
        target = _inside(call, text_of(call.params.get("dir")) or call.resource.name)
        archive, file = call.workspace.open_private(".tar.gz")
        try:
            with file:
                _persist(call, lambda claim: _download(call, claim, digest, file))
            stderr = Tail(_ERROR_EXCERPT)
            argv = [sys.executable, "-I", unpack.__file__, str(archive), str(target)]
            work = call.workspace.work
            outcome = call.commands.run(argv, call.environment, work, call.lifetime, call.on_output, stderr.write)
            require(outcome, "cannot unpack the artifact", stderr)
        finally:
            archive.unlink(missing_ok=True)


def _inside(call: ResourceCall, name: str) -> Path:
    try:
        return call.workspace.inside(name)
    except ValueError as error:
        raise StepError(failed(str(error))) from error


def _download(call: ResourceCall, claim: ClaimRef, digest: str, file: BinaryIO) -> None:
    found = hashlib.sha256()
    file.seek(0)
    file.truncate()
    for chunk in call.gateway.load_artifact(claim.id, claim.claim, digest):
        if call.lifetime.cause is not None:
            raise StepError(stopped(call.lifetime.cause))
        found.update(chunk)
        file.write(chunk)
    if found.hexdigest() != digest:
        raise StepError(errored(f"the server sent something else for the artifact {digest}"))


def _persist(call: ResourceCall, attempt: Callable[[ClaimRef], Result]) -> Result:
    """Talk to the server, again and again while it is away, until the step is stopped."""
    assert call.claim is not None
    settings = call.settings
    backoff = Backoff(settings.backoff_first, settings.backoff_longest, Random(call.claim.id))
    while True:
        if call.lifetime.cause is not None:
            raise StepError(stopped(call.lifetime.cause))
        try:
            return attempt(call.claim)
        except UnavailableError as error:
            call.note(f"the server is away, trying again: {error.message}")
            call.lifetime.stopped.wait(backoff.pause())
        except PikociError as error:
            raise StepError(failed(error.message)) from error
