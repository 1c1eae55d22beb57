"""What the notification types built into a worker take. A type of the pipeline wins over one of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from pikoci.internal.domain.builtin import Param


class BuiltinNotificationType(msgspec.Struct, frozen=True, kw_only=True):
    """A notification type that a worker knows without a definition.

    `params` belong to the notification. `values` may stand on a notify step and win over params of the same name.
    """

    name: str
    description: str
    params: tuple[Param, ...]
    values: tuple[Param, ...] = ()


_SLACK = BuiltinNotificationType(
    name="slack",
    description="Post the message to an incoming webhook of Slack, or of what takes the same, such as Mattermost.",
    params=(Param("webhook_url", "string", "The address that Slack gave; a secret.", required=True, sensitive=True),),
)

_DISCORD = BuiltinNotificationType(
    name="discord",
    description="Post the message to a webhook of Discord. It is cut after 2,000 characters.",
    params=(
        Param("webhook_url", "string", "The address that Discord gave; a secret.", required=True, sensitive=True),
        Param("mentions", "bool", "Let `@here`, `<@id>` and the like ping people; false by default."),
    ),
)

_WEBHOOK = BuiltinNotificationType(
    name="webhook",
    description="Post a JSON object that tells of the build.",
    params=(
        Param("url", "string", "Where to post it.", required=True, sensitive=True),
        Param("secret", "string", "Key of the signature in the header `X-Hub-Signature-256`.", sensitive=True),
    ),
)

_EMAIL = BuiltinNotificationType(
    name="email",
    description="Send the message by SMTP.",
    params=(
        Param("host", "string", "The mail server.", required=True),
        Param("port", "number", "Its port; 587 by default, 465 with `tls`, 25 with `none`."),
        Param("security", "string", "`starttls`, the default; `tls` from the first byte; or `none`."),
        Param("user", "string", "Login; none if not given."),
        Param("password", "string", "Password of the user.", sensitive=True),
        Param("from", "string", "The sender's address.", required=True),
        Param("to", "list", "The receivers' addresses.", required=True),
        Param("subject", "string", "The subject; by default the build and how it ended."),
    ),
    values=(Param("to", "list", "Other receivers."), Param("subject", "string", "Another subject.")),
)

#: Every notification type built into the worker, by name.
BUILTIN_NOTIFICATION_TYPES: Mapping[str, BuiltinNotificationType] = MappingProxyType(
    {kind.name: kind for kind in (_SLACK, _DISCORD, _WEBHOOK, _EMAIL)}
)
