"""Slack and Discord: incoming webhooks, whose address is the secret."""

from __future__ import annotations

import msgspec

from pikoci.internal.worker.notifications.bounded import post
from pikoci.internal.worker.notifications.model import Message, cut

_DISCORD_LONGEST = 2000
_JSON = {"Content-Type": "application/json"}


class Slack:
    """Posts the message as `text`. What the build filled in can neither ping nor link; what the pipeline says can."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        body = msgspec.json.encode({"text": message.text(_plain)})
        post(message.lifetime, message.secret("webhook_url"), body, _JSON)


class Discord:
    """Posts the message as `content`. Nobody is pinged unless `mentions` allows it."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        content: dict[str, object] = {"content": cut(message.text(), _DISCORD_LONGEST)}
        if message.params.get("mentions") is not True:
            content["allowed_mentions"] = {"parse": []}
        post(message.lifetime, message.secret("webhook_url"), msgspec.json.encode(content), _JSON)


def _plain(value: str) -> str:
    """`value` as Slack shows it literally: these three characters begin its mentions and links."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
