"""Why a connection came to nothing: the library only logs it, and then says that nobody answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from kafka.errors import KafkaTimeoutError

from pikoci.pkg.queue.reasons import explain

_FRESH_SECONDS = 10.0

#: What to look at, by what the library says.
HINTS = {
    "SaslAuthenticationFailed": "check QUEUE_USER and QUEUE_PASSWORD",
    "UnsupportedSaslMechanism": "check KAFKA_SASL_MECHANISM",
    "FencedInstanceId": "another process has this consumer's name; give each a name of its own",
    "InvalidSessionTimeout": "choose a redelivery time that group.min.session.timeout.ms of the broker allows",
}
#: Also where there is a login: the library may miss a broker's answer when it hangs up at once.
LOGIN_HINTS = {"socket disconnected": "if this stays, check QUEUE_USER and QUEUE_PASSWORD, and KAFKA_SASL_MECHANISM"}


class Refusals(logging.Handler):
    """Keeps the last error that the library logs; nothing of it goes to the program's own log.

    The library tells of every attempt to connect. What matters of that the callers say, once.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._monotonic = monotonic
        self._last: Exception | None = None
        self._seen = 0.0
        self._logger = logging.getLogger("kafka")
        self._logger.setLevel(logging.WARNING)
        self._logger.propagate = False
        self._logger.addHandler(self)

    def recent(self) -> Exception | None:
        """What went wrong in the last seconds, preferably something that tells which setting to look at."""
        return self._last if self._monotonic() - self._seen < _FRESH_SECONDS else None

    def emit(self, record: logging.LogRecord) -> None:
        """Look for an error among what the line tells; that the library gave up is no reason."""
        for each in record.args if isinstance(record.args, tuple) else ():
            if not isinstance(each, Exception) or isinstance(each, KafkaTimeoutError) or not each.args:
                continue
            if _tells(each) or not _tells(self.recent()):
                self._last, self._seen = each.with_traceback(None), self._monotonic()

    def close(self) -> None:
        """Listen no more."""
        self._logger.removeHandler(self)
        super().close()


def _tells(error: Exception | None) -> bool:
    return error is not None and explain(error, HINTS) != explain(error, {})
