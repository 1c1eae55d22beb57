"""The worker's end of one supervisor's lifeline."""

import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pikoci.internal.worker.process.errors import SpawnerError
from pikoci.internal.worker.process.readiness import reading, wait_first
from pikoci.internal.worker.process.supervision.messages import HOLD, LEFT, MAX_MESSAGE_BYTES, READY, RUN, STOP, UNTIL
from pikoci.internal.worker.process.zygote_process import START_LIMIT_SECONDS, ZygoteProcess


class Link:
    """One supervisor.

    ``busy`` from the request until its report; closing a busy one kills what it runs. ``usable`` for another command.
    """

    def __init__(self, zygote: ZygoteProcess) -> None:
        """Have a supervisor forked and wait until it serves. Raises SpawnerError."""
        self.busy = False
        self.usable = True
        self._serial = 0
        try:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise SpawnerError(f"cannot start a command: {reason_of(error)}") from error
        self._socket.setblocking(False)
        self.watcher: Any = reading(self._socket.fileno())
        try:
            with theirs:
                zygote.fork_supervisor(theirs)
            self._pid = self._greeting()
        except BaseException:
            self.close()
            raise

    def _greeting(self) -> int:
        """Wait for the supervisor's first message, which holds its pid. Raises SpawnerError."""
        wait_first([self.watcher], START_LIMIT_SECONDS)
        verb, _, rest = (self.receive() or b"").partition(b" ")
        if verb != READY:
            raise SpawnerError(rest.decode() or "the process that starts commands does not answer")
        return int(rest)

    def send_request(self, descriptors: Sequence[int], deadline: float, *, hold: bool = False) -> None:
        """Have a command run until then; its request, stdout, stderr and perhaps stdin go along. Raises OSError.

        With ``hold``, a first message tells its end if it leaves others behind, and the report that they ended, too.
        """
        self._serial += 1
        self.busy = True
        socket.send_fds(
            self._socket, [b"%s %d %f" % (HOLD if hold else RUN, self._serial, deadline)], list(descriptors)
        )

    def send_deadline(self, deadline: float) -> None:
        """Set another deadline for the running command. Does not wait."""
        if self.busy:
            with suppress(OSError):  # it may be gone, or be stopped and have a full socket: then the earlier one holds
                self._socket.send(b"%s %d %f" % (UNTIL, self._serial, deadline))

    def send_stop(self, grace: float) -> None:
        """Have the running command stopped; may be repeated with a shorter grace. Does not wait."""
        if not self.busy:
            return
        with suppress(OSError):  # it may be gone, and its end is about to be read
            self._socket.send(b"%s %d %f" % (STOP, self._serial, grace))

    def receive(self) -> bytes | None:
        """Give the next message, None when there is none yet, nothing (empty) when the supervisor is gone."""
        try:
            message = self._socket.recv(MAX_MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            message = b""
        self.busy = message.startswith(LEFT)
        self.usable = bool(message)
        return message

    def has_ended(self) -> bool:
        """Tell whether the supervisor is gone, without waiting and without taking a message."""
        try:
            return not self._socket.recv(MAX_MESSAGE_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def cut(self) -> None:
        """Have the supervisor kill what it runs, report and end; the report can still be received."""
        with suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_WR)

    def kill_if_silent(self) -> None:
        """End a supervisor that has nothing to say; the zygote kills what it ran, and ``receive`` gives its end."""
        try:
            self._socket.recv(MAX_MESSAGE_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            os.kill(self._pid, signal.SIGKILL)
            with suppress(OSError):  # it may end meanwhile
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is gone

    def close(self) -> None:
        """Let go of the supervisor."""
        self.watcher.stop()
        self.watcher.close()
        self._socket.close()


def reason_of(error: OSError) -> str:
    """Give the system's reason, to follow a colon: "too many open files"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
