"""gunicorn's log lines in our own format: they go to the root logger like everybody else's."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

_ECHOES = frozenset({"Worker (pid:%s) exited with code %s.", "Shutting down: %s", "Reason: %s"})


class GunicornLogger(Logger):
    """Sends gunicorn's errors on and its requests nowhere: requests are counted by the metrics."""

    def setup(self, cfg: Any) -> None:
        """Leave handlers and formats to the program; keep gunicorn's own chatter to warnings."""
        self.cfg = cfg
        self.error_log = logging.getLogger("gunicorn.error")
        self.error_log.setLevel(logging.WARNING)
        self.access_log = logging.getLogger("gunicorn.access")
        self.access_log.disabled = True

    def error(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Leave out how the arbiter ends a program that has said already why it cannot run."""
        if msg not in _ECHOES:
            super().error(msg, *args, **kwargs)

    def access(self, *_: Any) -> None:
        """Write nothing."""
