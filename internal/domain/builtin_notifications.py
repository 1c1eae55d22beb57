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

_COMMIT = Param("commit", "string", "The commit, such as `$GET_APP_REF`; the job's, if all its gets name just one.")
_STATUS_VALUES = (
    Param("status", "string", "Another status, in the host's words; by default that of the build."),
    _COMMIT,
    Param("context", "string", "Another context."),
    Param("description", "string", "A line beside the status; the message by default."),
)
_CONTEXT = Param("context", "string", "What the status is called; `pikoci/<pipeline>/<job>` by default.")

_GITHUB_STATUS = BuiltinNotificationType(
    name="github-status",
    description="Set the status of a commit at GitHub.",
    params=(
        Param("token", "string", "A token that may write statuses of commits.", required=True, sensitive=True),
        Param("repository", "string", "`owner/name`.", required=True),
        Param("api", "string", "Address of the API; `https://api.github.com` by default."),
        _COMMIT,
        _CONTEXT,
    ),
    values=_STATUS_VALUES,
)

_GITLAB_STATUS = BuiltinNotificationType(
    name="gitlab-status",
    description="Set the status of a commit at GitLab.",
    params=(
        Param("token", "string", "An access token with the scope `api`.", required=True, sensitive=True),
        Param("project", "string", "The project's id, or its path `group/name`.", required=True),
        Param("url", "string", "Address of GitLab; `https://gitlab.com` by default."),
        _COMMIT,
        _CONTEXT,
    ),
    values=_STATUS_VALUES,
)

_GITEA_STATUS = BuiltinNotificationType(
    name="gitea-status",
    description="Set the status of a commit at Gitea or Forgejo.",
    params=(
        Param("token", "string", "A token that may write to the repository.", required=True, sensitive=True),
        Param("url", "string", "Address of the server.", required=True),
        Param("repository", "string", "`owner/name`.", required=True),
        _COMMIT,
        _CONTEXT,
    ),
    values=_STATUS_VALUES,
)

_GITHUB_CHECK = BuiltinNotificationType(
    name="github-check",
    description="Create a check run at GitHub as a GitHub App, and complete it.",
    params=(
        Param("app_id", "string", "The App's id.", required=True),
        Param("installation_id", "string", "The id of its installation.", required=True),
        Param("private_key", "string", "The App's key, in PEM form.", required=True, sensitive=True),
        Param("repository", "string", "`owner/name`.", required=True),
        Param("base_url", "string", "Address of this server for links; its external URL by default."),
        Param("api", "string", "Address of the API; `https://api.github.com` by default."),
    ),
    values=(
        Param("status", "string", "`queued` or `in_progress`, while there is no conclusion."),
        Param("conclusion", "string", "How it ended, in GitHub's words; by default as the build did."),
        Param("head_sha", "string", "The commit; the job's by default, if all its gets name just one."),
        Param("name", "string", "The check's name; `<pipeline>/<job>` by default."),
        Param("details_url", "string", "Where its link leads; the build's page by default."),
    ),
)

#: Every notification type built into the worker, by name.
BUILTIN_NOTIFICATION_TYPES: Mapping[str, BuiltinNotificationType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (_SLACK, _DISCORD, _WEBHOOK, _EMAIL, _GITHUB_STATUS, _GITLAB_STATUS, _GITEA_STATUS, _GITHUB_CHECK)
    }
)
