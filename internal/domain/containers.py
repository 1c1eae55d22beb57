"""What a `docker` command asks of its container, read from its params: plain data, and the same on server and worker.

`args` are options of `docker run`. Only those are passed on by themselves that give a container nothing which a
command beside it would not have; all others need the permission of whoever runs the worker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pikoci.internal.domain.plan import Json
from pikoci.internal.domain.variables import NAME

PULLS = ("missing", "always", "never")
#: Where the work directory is in a container.
WORKDIR = "/workdir"

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_FORMS = {
    "--user": (
        re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?"),
        "a user, such as 1000 or 1000:1000",
    ),
    "--cpus": (re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?"), "a number of processors, such as 1.5"),
    "--memory": (re.compile(r"[0-9]{1,15}[bkmgBKMG]?"), "a size, such as 512m"),
    "--pull": (re.compile("|".join(PULLS)), f"one of {', '.join(PULLS)}"),
    "--label": (re.compile(r"(?!pikoci\.).+", re.DOTALL), "a label for you to set: those of pikoci are the worker's"),
}

_SHORT = {
    "-a": "--attach",
    "-c": "--cpu-shares",
    "-d": "--detach",
    "-e": "--env",
    "-h": "--hostname",
    "-i": "--interactive",
    "-l": "--label",
    "-m": "--memory",
    "-p": "--publish",
    "-q": "--quiet",
    "-t": "--tty",
    "-u": "--user",
    "-v": "--volume",
    "-w": "--workdir",
}
_PLAIN = frozenset(
    (
        "--add-host", "--cap-drop", "--cpu-shares", "--cpus", "--cpuset-cpus", "--dns", "--dns-option", "--dns-search",
        "--domainname", "--entrypoint", "--env", "--group-add", "--hostname", "--label", "--memory",
        "--memory-reservation", "--memory-swap", "--network", "--network-alias", "--pids-limit", "--platform", "--pull",
        "--shm-size", "--stop-signal", "--stop-timeout", "--tmpfs", "--ulimit", "--user", "--volume", "--workdir",
    )
)  # fmt: skip
_FREE_SWITCHES = frozenset(("--init", "--no-healthcheck", "--read-only"))
_SWITCHES = _FREE_SWITCHES | {"--oom-kill-disable", "--privileged", "--publish-all"}
_MOUNT_OPTIONS = frozenset(("ro", "rw", "z", "Z"))
#: Options that have no effect on a build's container: it is always removed, and nobody sits in front of it.
_NEEDLESS = frozenset(("--interactive", "--quiet", "--rm", "--sig-proxy", "--tty"))
#: What the worker decides itself, by which it finds the container again.
_OURS = frozenset(
    (
        "--attach", "--cidfile", "--detach", "--detach-keys", "--env-file", "--name", "--pidfile", "--replace",
        "--restart",
    )
)  # fmt: skip
_OUR_LABELS = "pikoci."


class ContainerOptionError(ValueError):
    """A param of a container is not well formed; the message says which and why."""


@dataclass(slots=True)
class ContainerOptions:
    """Options for `docker run`, in order, and variables of the command that stood among them.

    `grants` are those that need permission. `user` and `pull` are what was asked for, empty if nothing was.
    """

    argv: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    user: str = ""
    pull: str = ""


def image_of(params: Mapping[str, Json]) -> str:
    """The image. Raises ContainerOptionError for what is none."""
    image = str(params.get("image", ""))
    if not _IMAGE.fullmatch(image):
        raise ContainerOptionError(f'image: "{image[:100]}" is not the name of an image')
    return image


def read_options(params: Mapping[str, Json], inside: Callable[[str], str] = str) -> ContainerOptions:
    """The options that the params of a command ask for; those in `args` come last.

    `inside` turns a path in the work directory into what the container program is told. Raises ContainerOptionError.
    """
    reading = _Reading(inside)
    for name in ("user", "network", "cpus", "memory", "pull"):
        value = str(params.get(name, ""))
        if value:
            reading.take(f"--{name}", value, name)
    for volume in _texts(params, "volumes"):
        reading.take("--volume", volume, "volumes")
    if params.get("privileged"):
        reading.options.argv.append("--privileged")
        reading.options.grants.append("--privileged")
    reading.take_all(_texts(params, "args"))
    return reading.options


def _texts(params: Mapping[str, Json], name: str) -> list[str]:
    value = params.get(name, [])
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ContainerOptionError(f"{name} must be a list of strings")
    return [str(item) for item in value]


class _Reading:
    def __init__(self, inside: Callable[[str], str]) -> None:
        self._inside = inside
        self.options = ContainerOptions()

    def take_all(self, args: Sequence[str]) -> None:
        """Take options in the forms `--name value`, `--name=value`, `-n value`, `-nvalue` and `-it`."""
        rest = list(args)
        while rest:
            given = rest.pop(0)
            if not given.startswith("-") or given in ("-", "--"):
                raise ContainerOptionError(
                    f'args: "{given[:100]}" is no option; args are options of docker run, the command goes into cmd'
                )
            if not given.startswith("--"):
                self._short(given, rest)
                continue
            name, equals, value = given.partition("=")
            self._long("--network" if name == "--net" else name, value if equals else None, rest)

    def take(self, name: str, value: str, source: str = "args") -> None:
        """Take one option with its value."""
        self._must(name, value, source)
        match name:
            case "--env":
                self._variable(value)
                return
            case "--pull":
                self.options.pull = value
                return
            case "--volume":
                value = self._volume(value, source)
            case "--network" if not _NETWORK.fullmatch(value):
                self.options.grants.append(f"--network {value}")
            case "--user":
                self.options.user = value
        self.options.argv.append(f"{name}={value}")
        if name not in _PLAIN:
            self.options.grants.append(f"{name} {value}")

    def _short(self, given: str, rest: list[str]) -> None:
        name = _SHORT.get(given[:2])
        if name is None:
            raise ContainerOptionError(f'args: "{given[:2]}" is not known; write the long form of the option')
        if name not in _NEEDLESS:
            self._long(name, given[2:].removeprefix("=") or None, rest)
        elif given[2:]:
            self._short(f"-{given[2:]}", rest)

    def _long(self, name: str, value: str | None, rest: list[str]) -> None:
        if name in _OURS:
            raise ContainerOptionError(f"args: {name} is the worker's own business; take it out")
        if name in _NEEDLESS:
            return
        if name in _SWITCHES or (name not in _PLAIN and value is None and (not rest or rest[0].startswith("-"))):
            if value == "false":
                return
            self.options.argv.append(name)
            if name not in _FREE_SWITCHES:
                self.options.grants.append(name)
            return
        if value is None:
            if not rest:
                raise ContainerOptionError(f"args: {name} has no value")
            value = rest.pop(0)
        self.take(name, value)

    def _variable(self, text: str) -> None:
        """A variable for the command; one without a value is there already."""
        name, equals, value = text.partition("=")
        if not NAME.allows(name):
            raise ContainerOptionError(f'args: "{name[:100]}" is no name of an environment variable')
        if equals:
            self.options.env[name] = value

    def _volume(self, text: str, source: str) -> str:
        """`SOURCE:TARGET[:OPTIONS]`: what lies in the work directory needs no permission, nor does an empty volume."""
        path, colon, target = text.partition(":")
        if not colon:
            path, target = "", text
        if not target.startswith("/"):
            raise ContainerOptionError(f'{source}: "{text[:100]}" is not of the form SOURCE:/TARGET')
        if not path:
            return target
        if path == "$WORKDIR" or path.startswith("$WORKDIR/"):
            path = "." + path.removeprefix("$WORKDIR")
        known = _MOUNT_OPTIONS.issuperset(target.split(":", 1)[1].split(",")) if ":" in target else True
        if known and (path == "." or path.startswith("./")):
            return f"{self._inside(path)}:{target}"
        self.options.grants.append(f"--volume {text}")
        return text

    def _must(self, name: str, value: str, source: str) -> None:
        pattern, what = _FORMS.get(name, (None, ""))
        if pattern is not None and not pattern.fullmatch(value):
            raise ContainerOptionError(f'{source}: "{value[:100]}" is not {what}')
