"""What a notification type is given and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.worker.notifications.filling import fill
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.masking import Masker

#: No message is longer, in characters: a single variable of a command may have 128 KiB.
MAX_MESSAGE = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to send. `params` are the notification's, `values` those of the step.

    `status` is how the build ended or stands: `started` where that is not known yet. `delivery` is the same for each
    try. `variables` are those that the build's commands see. `now` is in seconds since the epoch. `plain` is a text
    for where there is none that tells more than how the build stands.
    """

    notification: str
    params: Mapping[str, object]
    values: Mapping[str, object]
    template: str
    build: BuildInfo
    status: str
    delivery: str
    now: float
    variables: Mapping[str, str]
    masker: Masker
    lifetime: Lifetime
    plain: str = ""

    def text(self, escape: Callable[[str], str] = str) -> str:
        """The message, or a plain one where there is none. It holds no secret; `escape` is for what is filled in."""
        if not self.template:
            return "\n".join(filter(None, [self.title(), self.build.url]))
        return cut(_readable(self._fill(self.template, escape)), MAX_MESSAGE)

    def title(self) -> str:
        """The build and how it stands, in one line: `[app/test] Build #3 failed`."""
        build = self.build
        return self.plain or f"[{build.pipeline}/{build.job}] Build #{build.number} {self.status}"

    def setting(self, name: str, default: str = "") -> str:
        """The value of that name, else the param, else `default`. `$GET_*` and the like are filled in."""
        value = self.values.get(name) or self.params.get(name)
        return _readable(fill(text_of(value), self.variables)).strip() if value else default

    def secret(self, name: str) -> str:
        """The param of that name just as it is; empty if there is none."""
        return text_of(self.params.get(name, ""))

    def _fill(self, template: str, escape: Callable[[str], str]) -> str:
        masked = self.masker.mask_text
        return fill(masked(template), self.variables, lambda value: escape(masked(value)))


class Notifier(Protocol):
    """A notification type at work."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError when that does not succeed or is stopped, with no secret in it."""


def _readable(text: str) -> str:
    """`text` with replacement characters for bytes that are no UTF-8, which a task may export."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def cut(text: str, most: int) -> str:
    """`text` of at most so many characters, with an ellipsis at the end of one that was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
