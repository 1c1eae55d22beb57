"""The notification types that every worker has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from pikoci.internal.worker.notifications.chat import Discord, Slack
from pikoci.internal.worker.notifications.commit_status import GiteaStatus, GithubStatus, GitlabStatus
from pikoci.internal.worker.notifications.github_check import GithubCheck
from pikoci.internal.worker.notifications.mail import Email
from pikoci.internal.worker.notifications.model import Message, Notifier
from pikoci.internal.worker.notifications.webhook import Webhook
from pikoci.internal.worker.tools.outcome import StepError, errored

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notifiers:
    """Built-in types by name. Unless told to `send`, nothing is sent, by whatever type."""

    builtin: Mapping[str, Notifier]
    send: bool = True

    def deliver(self, builtin: str, message: Message) -> None:
        """Send a message, once. Raises StepError, also for a type that is not here."""
        found = self.builtin.get(builtin)
        if found is None:
            raise StepError(errored(f'this worker has no built-in notification type "{builtin}"; it may be too old'))
        try:
            found.send(message)
        except StepError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake in here must not become the build's end
            name = type(error).__name__  # its text may hold a secret
            _log.error("notification failed inside the worker", notification=message.notification, error=name)
            raise StepError(errored(f"an error inside the worker: {name}")) from None


def builtin_notifiers(*, send: bool = True) -> Notifiers:
    """Built-in types by the name that `NotificationType.builtin` gives."""
    builtin: dict[str, Notifier] = {
        "slack": Slack(),
        "discord": Discord(),
        "webhook": Webhook(),
        "email": Email(),
        "github-status": GithubStatus(),
        "gitlab-status": GitlabStatus(),
        "gitea-status": GiteaStatus(),
        "github-check": GithubCheck(),
    }
    return Notifiers(builtin, send)
