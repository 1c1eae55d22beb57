"""gunicorn's log lines in our own format: they go to the root logger like everybody else's."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger


class GunicornLogger(Logger):
    """Sends gunicorn's errors on and its requests nowhere: requests are counted by the metrics."""

    def setup(self, cfg: Any) -> None:
        """Leave handlers and formats to the program; keep gunicorn's own chatter to warnings."""
        self.cfg = cfg
        self.error_log = logging.getLogger("gunicorn.error")
        self.error_log.setLevel(logging.WARNING)
        self.access_log = logging.getLogger("gunicorn.access")
        self.access_log.disabled = True

    def access(self, *_: Any) -> None:
        """Write nothing."""
