"""What a pipeline declares beside its jobs: types, resources, notifications, services, secrets, and their commands."""

from __future__ import annotations

import re

import msgspec

#: A place in a runner's template, such as `$image`; the group is its name.
PLACEHOLDER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")

Json = object  # None | bool | int | float | str | list | dict, recursively; checked where it enters


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command of a runner: `run "exec" { path = ..., args = [...] }`. `params` are its attributes."""

    runner: str
    params: dict[str, Json] = {}


class RunnerType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user's template for running a command; placeholders in `path` and `args` are filled in by the worker."""

    name: str
    path: str
    args: list[str] = []

    @property
    def placeholders(self) -> frozenset[str]:
        """The names that stand in `path` and `args`, without the dollar sign."""
        return frozenset(name for text in (self.path, *self.args) for name in PLACEHOLDER.findall(text))


class ResourceType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to check, pull and push a resource: by a type built into the worker (`builtin`), or by commands."""

    name: str
    builtin: str = ""
    params: list[str] = []
    cache: bool = False
    check: Command | None = None
    pull: Command | None = None
    push: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [command for command in (self.check, self.pull, self.push) if command]


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A resource of a pipeline. See `schedule` for `check_interval`. Its canonical name is `type.name`."""

    type: str
    name: str
    params: dict[str, Json] = {}
    check_interval: str = ""
    cache: bool = False
    tags: list[str] = []

    @property
    def canonical(self) -> str:
        """The name by which gets, puts and the API refer to it."""
        return f"{self.type}.{self.name}"


class NotificationType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to send a kind of message: by a type built into the worker (`builtin`), or by a command."""

    name: str
    builtin: str = ""
    notify: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [self.notify] if self.notify else []


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to send messages. `on` are the ends of a build that send one by themselves: `success`, …, or `all`.

    Those are the builds of `jobs`, or of all jobs if that is None; but never those of `exclude`.
    """

    type: str
    name: str
    params: dict[str, Json] = {}
    message: str = ""
    on: list[str] = []
    jobs: list[str] | None = None
    exclude: list[str] = []

    @property
    def canonical(self) -> str:
        """The name by which steps refer to it."""
        return f"{self.type}.{self.name}"

    def covers(self, job: str) -> bool:
        """Whether some end of a build of this job sends it."""
        return bool(self.on) and (self.jobs is None or job in self.jobs) and job not in self.exclude


class ReadyCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What tells that a service is ready: a command, repeated every `interval` until it succeeds, for `timeout`."""

    command: Command
    interval: float = 1.0
    timeout: float = 60.0


class ServiceType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to run a service beside the steps: one built into the worker (`builtin`), or by commands.

    `start` ends when it has started the service, or with `foreground` is the service itself.
    """

    name: str
    builtin: str = ""
    start: Command | None = None
    foreground: bool = False
    ready_check: ReadyCheck | None = None
    stop: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        check = self.ready_check.command if self.ready_check else None
        return [command for command in (self.start, check, self.stop) if command]


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service of a job. Its commands see `env`, and `params` as `param_*`."""

    id: str
    type: str
    params: dict[str, Json] = {}
    env: dict[str, str] = {}


class SecretType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A store of secrets with its configuration: built into the worker (`builtin`), or read by the command `get`."""

    name: str
    builtin: str = ""
    config: dict[str, Json] = {}
    get: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [self.get] if self.get else []


class SecretVariable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variable whose value a worker reads from a store at each use: `key` of what is at `path` there.

    `type` is `string`, `number` or `bool`; its text must be one. In the server's own store `path` is an entry's name.
    """

    name: str
    secret_type: str
    key: str
    path: str = ""
    type: str = "string"


class Secrets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to get the values that stand in the texts of a plan (see `secret_text`). Texts in here may hold others.

    They never form a circle.
    """

    variables: list[SecretVariable] = []
    types: list[SecretType] = []
