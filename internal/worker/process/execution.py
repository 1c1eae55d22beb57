"""One command from its request to its result."""

import fcntl
import os
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import gevent
from gevent.event import Event

from pikoci.internal.worker.process.command import ExitResult, Reason, ResourceUsage
from pikoci.internal.worker.process.deadline import Deadline
from pikoci.internal.worker.process.link import Link
from pikoci.internal.worker.process.readiness import reading, wait_first
from pikoci.internal.worker.process.supervision.messages import FAILED, LEFT, UNFIT, Ending, decode_ending
from pikoci.internal.worker.process.supervision.run import KILL_LIMIT_SECONDS

CHUNK_BYTES = 1 << 16
# A supervisor answers a stop within grace and kill limit; one that does not is itself killed.
ANSWER_MARGIN_SECONDS = 5.0
# When a supervisor was killed, the zygote ends its processes at once, which shows as the end of their output.
LOST_OUTPUT_SECONDS = 2.0

Sink = Callable[[bytes], None]
#: Is told how a command ended that left others behind, which run on.
OnLeft = Callable[[ExitResult], None]


class Stream:
    """The reading end of one output pipe and where it goes."""

    def __init__(self, sink: Sink) -> None:
        """Open the pipe. Raises OSError."""
        self._sink = sink
        self._reader, self.writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._reader, False)
        self.watcher: Any = reading(self._reader)
        self.is_open = True

    def close_writer(self) -> None:
        """Close this process's copy of the writing end."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def deliver(self, limit: int = CHUNK_BYTES) -> int:
        """Hand on one chunk, if there is one, and give its size."""
        try:
            chunk = os.read(self._reader, limit)
        except BlockingIOError:
            return 0
        if chunk:
            self._sink(chunk)
        else:
            self.is_open = False
        return len(chunk)

    def drain(self) -> None:
        """Hand on what is in the pipe now. A stranger may hold the pipe open and write on: it is not waited for."""
        pending = int.from_bytes(fcntl.ioctl(self._reader, termios.FIONREAD, bytes(4)), sys.byteorder)
        while pending > 0 and (size := self.deliver(min(pending, CHUNK_BYTES))):
            pending -= size

    def close(self) -> None:
        """Close what is open."""
        self.close_writer()
        self.watcher.stop()
        self.watcher.close()
        os.close(self._reader)


def open_streams(
    stack: ExitStack, packed: bytes, stdin: bytes | None, on_output: Sink, on_stderr: Sink | None
) -> tuple[list[Stream], list[int]]:
    """Open what a request needs: the streams to read, and the descriptors to send along. Raises OSError."""
    request = _anonymous_file(stack, packed)
    streams = []
    for sink in (on_output, on_stderr):
        if sink is not None:
            streams.append(Stream(sink))
            stack.callback(streams[-1].close)
    descriptors = [request, streams[0].writer, streams[-1].writer]
    if stdin is not None:
        descriptors.append(_anonymous_file(stack, stdin))
    return streams, descriptors


def _anonymous_file(stack: ExitStack, content: bytes) -> int:
    descriptor = os.memfd_create("pikoci", os.MFD_CLOEXEC)
    stack.callback(os.close, descriptor)
    with open(descriptor, "wb", buffering=0, closefd=False) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        file.seek(0)
    return descriptor


class Execution:
    """Runs one command on a link: hands its output on, and stops it when told to."""

    def __init__(
        self, link: Link, streams: Sequence[Stream], grace: float, deadline: Deadline, on_left: OnLeft | None = None
    ) -> None:
        self._link = link
        self._on_left = on_left
        self._deadline = deadline
        self._streams = streams
        self._grace = grace
        self._stop_reason: Reason | None = None
        self._stop_message = ""
        self._limit: Any = None

    def run(self, descriptors: Sequence[int]) -> ExitResult:
        """See the command through; ``descriptors`` are those of the request. Raises what a sink raises."""
        try:
            self._link.send_request(descriptors, self._deadline.at, hold=self._on_left is not None)
        except OSError as error:
            return ExitResult(Reason.NOT_STARTED, message=f"the command could not be handed over: {error.strerror}")
        for stream in self._streams:
            stream.close_writer()
        try:
            with self._deadline.watched(self._link.send_deadline):
                message = self._pump()
            return self._result(message)
        except BaseException:
            self._abandon()
            raise
        finally:
            if self._limit is not None:
                self._limit.stop()
                self._limit.close()

    def stop(self, reason: Reason, message: str, grace: float | None = None) -> None:
        """Have the command stopped, without waiting. The first reason counts; later calls may shorten the grace."""
        grace = self._grace if grace is None else grace
        if self._stop_reason is None:
            self._stop_reason, self._stop_message = reason, message
            first = grace + KILL_LIMIT_SECONDS + ANSWER_MARGIN_SECONDS
            self._limit = gevent.get_hub().loop.timer(first, ANSWER_MARGIN_SECONDS)
            self._limit.start(self._link.kill_if_silent, update=True)
        self._link.send_stop(grace)

    @contextmanager
    def limited(self, timeout: float | None, cancel: Event | None) -> Iterator[None]:
        """Stop the command, while in this context, after some seconds or when the event is set."""
        timer = None

        def on_cancel(_event: Event) -> None:
            self.stop(Reason.CANCELLED, "cancelled")

        if timeout is not None:
            timer = gevent.get_hub().loop.timer(max(timeout, 0.0))
            timer.start(self.stop, Reason.TIMEOUT, f"timed out after {timeout:g} s", update=True)
        if cancel is not None:
            cancel.rawlink(on_cancel)
        try:
            yield
        finally:
            if timer is not None:
                timer.stop()
                timer.close()
            if cancel is not None:
                cancel.unlink(on_cancel)

    def _pump(self) -> bytes:
        """Hand output on until the supervisor reports or is gone; what is left in the pipes is handed on too."""
        streams = list(self._streams)
        while True:
            wait_first([self._link.watcher, *(stream.watcher for stream in streams)])
            message = self._link.receive()
            if message is not None and message.startswith(LEFT):
                self._tell_left(message, streams)
            elif message is not None:
                break
            for stream in streams:
                stream.deliver()
            streams = [stream for stream in streams if stream.is_open]
        if message:
            # Everybody who could have written is dead, so what was written is in the pipes.
            for stream in streams:
                stream.drain()
        else:
            self._read_to_the_end(streams)
        return message

    def _tell_left(self, message: bytes, streams: list[Stream]) -> None:
        """Hand on what the ended command wrote, and then say how it ended."""
        for stream in streams:
            stream.drain()
        if self._on_left is not None:
            self._on_left(self._ended(decode_ending(message)))

    def _read_to_the_end(self, streams: list[Stream]) -> None:
        """Hand on what comes until the pipes end, but not what a stranger may write into them for ever."""
        limit = time.monotonic() + LOST_OUTPUT_SECONDS
        while streams and wait_first([stream.watcher for stream in streams], limit - time.monotonic()):
            for stream in streams:
                stream.deliver()
            streams = [stream for stream in streams if stream.is_open]
            if time.monotonic() > limit:
                break
        for stream in streams:
            stream.drain()

    def _abandon(self) -> None:
        """Kill the command whose output nobody takes any more, and wait for that."""
        self.stop(Reason.CANCELLED, "", grace=0.0)
        while self._link.busy:
            wait_first([self._link.watcher])  # the limit that `stop` set ends it
            self._link.receive()

    def _result(self, message: bytes) -> ExitResult:
        verb, _, rest = message.partition(b" ")
        if not message:
            text = "the process that supervised the command was killed, and so was the command; its status is unknown"
            return ExitResult(self._stop_reason or Reason.LOST, message=self._stop_message or text)
        if verb in {FAILED, UNFIT}:
            reason = Reason.NOT_STARTED if verb == FAILED else Reason.UNFIT
            return ExitResult(reason, message=rest.decode("utf-8", "replace"))
        ending = decode_ending(message)
        self._link.usable = ending.survivors == 0
        return self._ended(ending)

    def _ended(self, ending: Ending) -> ExitResult:
        reason, text = Reason.EXITED, ""
        if ending.lapsed:
            reason, text = self._stop_reason or Reason.LAPSED, self._stop_message or "its deadline passed"
        elif ending.stopped:
            reason = self._stop_reason or Reason.LOST
            text = self._stop_message or "the process that starts commands was killed, and so was the command"
        if ending.survivors:
            text = "; ".join(filter(None, [text, f"{ending.survivors} of its processes could not be killed"]))
        code = os.waitstatus_to_exitcode(ending.status) if ending.status >= 0 else None
        return ExitResult(
            reason,
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            message=text,
            leftovers_killed=ending.leftovers,
            survivors=ending.survivors,
            usage=ResourceUsage(ending.user_seconds, ending.system_seconds, ending.max_rss_kib * 1024),
        )
