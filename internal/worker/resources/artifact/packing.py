"""A directory as a stream of a compressed archive."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import gevent
from gevent.queue import Queue

from pikoci.internal.worker.resources.model import ResourceCall, require
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.outcome import StepError, errored, failed

_CHUNKS_AHEAD = 16
_ERROR_EXCERPT = 500
_PATH_LIMIT = 64 * 1024
_KINDS = {"p": "a FIFO", "s": "a socket", "b": "a device", "c": "a device"}
_FIND_SPECIAL = ("find", ".", "!", "-type", "f", "!", "-type", "d", "!", "-type", "l", "-printf", "%y%P", "-quit")


class Packing:
    """`tar` at work in a process of its own; iterate over it for the archive. Memory stays at a few chunks.

    Links are packed as links, and not followed.
    """

    def __init__(self, call: ResourceCall, directory: Path) -> None:
        self._call = call
        self._directory = directory
        self._chunks: Queue[bytes | None] = Queue(maxsize=_CHUNKS_AHEAD)
        self._stderr = Tail(_ERROR_EXCERPT)
        self._outcome = errored("the archive was not read to its end")

    def __iter__(self) -> Generator[bytes]:
        while (chunk := self._chunks.get()) is not None:
            yield chunk
        self.check()

    def check(self) -> None:
        """Raise StepError unless the whole archive was made."""
        require(self._outcome, f'cannot pack "{self._directory.name}"', self._stderr)

    def run(self) -> None:
        """Make the archive; in a greenlet of its own."""
        call = self._call
        argv = ["tar", "--create", "--gzip", "--file=-", f"--directory={self._directory}", "."]
        # The fastest compression: the network is rarely slower than gzip's default.
        env = {**call.environment, "GZIP": "-1"}
        try:
            self._outcome = call.commands.run(
                argv, env, self._directory, call.lifetime, self._chunks.put, self._stderr.write
            )
        except StepError as error:
            self._outcome = error.outcome
        self._chunks.put(None)


@contextmanager
def packed(call: ResourceCall, directory: Path) -> Generator[Packing]:
    """An archive of `directory`; ends the process behind it on exit."""
    packing = Packing(call, directory)
    packer = gevent.spawn(packing.run)
    try:
        yield packing
    finally:
        packer.kill()


def refuse_special_files(call: ResourceCall, directory: Path) -> None:
    """Raise StepError that names a file which is neither a file, a directory nor a link: no archive can bring it back.

    tar would pass over a socket silently, and pack a FIFO or a device.
    """
    stderr = Tail(_ERROR_EXCERPT)
    outcome, found = call.commands.capture(
        _FIND_SPECIAL, call.environment, directory, call.lifetime, stderr.write, _PATH_LIMIT
    )
    require(outcome, f'cannot read "{directory.name}"', stderr)
    if found:
        name = found[1:].decode("utf-8", "replace")
        kind = _KINDS.get(chr(found[0]), "no file")
        reason = f'"{name}" is {kind}: an artifact holds files, directories and links; remove it before the put'
        raise StepError(failed(reason))
