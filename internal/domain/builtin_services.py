"""The services built into a worker: names, params and images.

A service type of the pipeline wins over one of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from pikoci.internal.domain.builtin import Param
from pikoci.internal.domain.containers import image_of, read_options
from pikoci.internal.domain.duration import InvalidDurationError, parse_duration
from pikoci.internal.domain.plan import Json

#: Where a service runs: in a container, or as a process of the worker's machine.
RUNNERS = ("docker", "local")
#: How long a service may take from its start until it is ready, in seconds.
READY_SECONDS = 120.0

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_TAGGED = re.compile(r".*(?:@|:[^/:]*\Z)")
_PASSWORD = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_MOST_PORTS = 65_535
#: What only a container has: with one of these a service is one.
_OF_CONTAINERS = ("image", "tag", "pull", "cpus", "memory")


class ServiceParamError(ValueError):
    """A param of a built-in service is wrong; `param` names it, the message says why."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class BuiltinService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that a worker runs in a container of `image`, or as a process if the program is on its machine.

    `image` and `tag` are the defaults; `variant` ends the tag of any version. One that has no `login` knows no
    password, which has `least_password` characters or more. `other_name` is one by which it may be given, too.
    """

    name: str
    description: str
    image: str
    tag: str
    variant: str = ""
    local: bool = True
    login: bool = True
    least_password: int = 1
    other_name: str = ""

    @property
    def params(self) -> tuple[Param, ...]:
        """What may stand in its block."""
        return (*_COMMON, *self._of_login(), *_container_params(self))

    def _of_login(self) -> tuple[Param, ...]:
        if not self.login:
            return ()
        found = [Param("password", "string", "The password of its user; a random one by default.", sensitive=True)]
        if self.other_name:
            found.append(Param(self.other_name, "string", "Another name of `password`.", sensitive=True))
        return tuple(found)


class ServiceForm(msgspec.Struct, frozen=True):
    """What the params of a service say about how it is to run; of a `runner` that is empty the worker decides.

    `password` and `port` are empty and 0 if the worker chooses them. `options` are params of the docker runner.
    """

    runner: str
    version: str
    port: int
    password: str
    image: str
    ready_timeout: float
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"ServiceForm({self.runner!r}, {self.image!r})"


_COMMON = (
    Param("runner", "string", "`docker` for a container, `local` for a process; by default a process if there is one."),
    Param("version", "string", "The version wanted, such as `15` or `7.0`; of a container, a tag of its image."),
    Param("port", "number", "The port on 127.0.0.1; a free one by default."),
    Param("ready_timeout", "string", "How long it may take until it is ready, such as `5m`; `2m` by default."),
)


def _container_params(service: BuiltinService) -> tuple[Param, ...]:
    return (
        Param("image", "string", f"The image of the container; `{service.image}` by default."),
        Param("tag", "string", f"The image's tag; `version`, else `{service.tag}` by default."),
        Param("pull", "string", "When to pull the image: `missing`, the default, `always` or `never`."),
        Param("cpus", "string", "At most so many processors, such as 1.5, for a container."),
        Param("memory", "string", "At most so much memory, such as `512m`, for a container."),
    )


def read_form(service: BuiltinService, params: Mapping[str, str]) -> ServiceForm:
    """What params say, empty ones being as those that are not there. Raises ServiceParamError."""
    given = {name: value for name, value in params.items() if value}
    return ServiceForm(
        runner=_runner(service, given),
        version=given.get("version", ""),
        port=_port(given.get("port", "0")),
        password=_password(service, given),
        image=_image(service, given),
        ready_timeout=_ready_timeout(given.get("ready_timeout", "")),
        options=_options(given),
    )


def _runner(service: BuiltinService, given: Mapping[str, str]) -> str:
    runner = given.get("runner", "")
    if runner and runner not in RUNNERS:
        raise ServiceParamError("runner", f'"{runner[:100]}" is not one of {", ".join(RUNNERS)}')
    if runner == "local" and not service.local:
        raise ServiceParamError("runner", f"{service.name} runs in a container only")
    for name in _OF_CONTAINERS:
        if name in given:
            if runner == "local":
                raise ServiceParamError(name, 'it belongs to containers, and runner is "local"')
            return "docker"
    return runner if service.local else "docker"


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= _MOST_PORTS:
        raise ServiceParamError("port", f"a port is a number from 1 to {_MOST_PORTS}")
    return port


def _password(service: BuiltinService, given: Mapping[str, str]) -> str:
    name = service.other_name if service.other_name in given else "password"
    password = given.get(name, "")
    if name != "password" and "password" in given:
        raise ServiceParamError(name, 'it is another name of "password", which is given, too')
    if password and not _PASSWORD.fullmatch(password):
        raise ServiceParamError(name, "it has 1 to 200 letters, digits, and -._~")
    if 0 < len(password) < service.least_password:
        raise ServiceParamError(name, f"{service.name} wants {service.least_password} characters or more")
    return password


def _image(service: BuiltinService, given: Mapping[str, str]) -> str:
    image, version = given.get("image", service.image), given.get("version", "").removeprefix("v")
    tag, source = given.get("tag", ""), "tag" if "tag" in given else "version"
    if not tag and version:
        tag = version if "image" in given else version + service.variant
    if tag and not _TAG.fullmatch(tag):
        raise ServiceParamError(source, f'"{tag[:100]}" is not the tag of an image')
    if not _TAGGED.fullmatch(image):
        image = f"{image}:{tag or service.tag}"
    elif tag:
        raise ServiceParamError(source, f'the image "{image[:100]}" has a tag already')
    try:
        return image_of({"image": image})
    except ValueError as error:
        raise ServiceParamError("image", str(error).partition(": ")[2]) from error


def _options(given: Mapping[str, str]) -> dict[str, str]:
    options = {name: given[name] for name in ("pull", "cpus", "memory") if name in given}
    for name, value in options.items():
        params: dict[str, Json] = {name: value}
        try:
            read_options(params)
        except ValueError as error:
            raise ServiceParamError(name, str(error).partition(": ")[2]) from error
    return options


def _ready_timeout(text: str) -> float:
    if not text:
        return READY_SECONDS
    try:
        seconds = parse_duration(text)
    except InvalidDurationError as error:
        raise ServiceParamError("ready_timeout", str(error)) from error
    if seconds <= 0:
        raise ServiceParamError("ready_timeout", "it is more than 0")
    return seconds


_ALL = (
    BuiltinService(
        name="postgresql",
        description="PostgreSQL, with the user and the database `postgres`.",
        image="docker.io/library/postgres",
        tag="17.5",
    ),
    BuiltinService(
        name="mariadb",
        description="MariaDB, with the user `root` and the database `test`.",
        image="docker.io/library/mariadb",
        tag="11.4.5",
        other_name="root_password",
    ),
    BuiltinService(
        name="redis",
        description="Redis, or Valkey where that is installed.",
        image="docker.io/library/redis",
        tag="7.4.2",
    ),
    BuiltinService(
        name="nats",
        description="NATS with JetStream and the user `pikoci`.",
        image="docker.io/library/nats",
        tag="2.10.25-alpine",
        variant="-alpine",  # the plain one has no shell
    ),
    BuiltinService(
        name="rabbitmq",
        description="RabbitMQ with the user `pikoci`.",
        image="docker.io/library/rabbitmq",
        tag="4.0.5",
    ),
    BuiltinService(
        name="kafka",
        description="Apache Kafka, one node in KRaft mode, without a password.",
        image="docker.io/apache/kafka",
        tag="4.0.0",
        login=False,
    ),
    BuiltinService(
        name="vault",
        description="HashiCorp Vault in its dev mode: unsealed, all in memory, the password being its root token.",
        image="docker.io/hashicorp/vault",
        tag="1.18.3",
        other_name="root_token",
    ),
    BuiltinService(
        name="minio",
        description="MinIO, which speaks S3, with the access key `pikoci`.",
        image="docker.io/minio/minio",
        tag="RELEASE.2025-09-07T16-13-09Z",
        least_password=8,
    ),
    BuiltinService(
        name="keycloak",
        description="Keycloak in its dev mode, with the user `admin`; in a container only.",
        image="quay.io/keycloak/keycloak",
        tag="26.1.0",
        local=False,
    ),
)

#: Every service built into the worker, by name.
BUILTIN_SERVICES: Mapping[str, BuiltinService] = MappingProxyType({service.name: service for service in _ALL})
