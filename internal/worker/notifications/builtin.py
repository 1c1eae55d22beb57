"""The notification types that every worker has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pikoci.internal.worker.notifications.chat import Discord, Slack
from pikoci.internal.worker.notifications.commit_status import GiteaStatus, GithubStatus, GitlabStatus
from pikoci.internal.worker.notifications.github_check import GithubCheck
from pikoci.internal.worker.notifications.mail import Email
from pikoci.internal.worker.notifications.model import Message, Notifier
from pikoci.internal.worker.notifications.webhook import Webhook
from pikoci.internal.worker.tools.outcome import StepError, errored


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
        found.send(message)


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
