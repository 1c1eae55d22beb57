"""Which workers can run which plan: each part of a plan has a level, and each worker says which one it has.

A worker of an older release skips the fields of a plan that it does not know, and cannot read a step of a kind that it
does not know. So it gets only plans without parts that are newer than itself.

Whoever adds a part to the plan adds it to the table here, in the group of `LEVEL`. The first part after a release is
the first of a new group, which raises `LEVEL`. What only the server acts upon stays in the first group.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, get_args

import msgspec

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_RUNNERS, BUILTIN_SECRET_TYPES
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Notification,
    NotificationType,
    NotifyStep,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    SecretType,
    Service,
    ServiceType,
    Step,
)

#: What every built-in service takes.
_SERVICE = "runner version port ready_timeout image tag pull cpus memory"
#: By level, then by struct of the plan or built-in type: the fields that have a default, or the params.
_GROUPS: Mapping[int, Mapping[str, str]] = {
    1: {
        "Command": "params",
        "RunnerType": "args",
        "ResourceType": "builtin params cache check pull push",
        "Resource": "params check_interval cache tags",
        "Hook": "env command steps",
        "Hooks": "on_success on_failure on_cancel ensure",
        "StepBase": "env timeout attempts hooks",
        "GetStep": "trigger passed version params",
        "TaskStep": "inputs outputs",
        "PutStep": "params",
        "JobPlan": (
            "env steps hooks timeout concurrency serial_groups tags priority requeue_on_worker_loss disable_retry"
            " allow_failure interruptible approvals announcements"
        ),
        "runner exec": "path args",
        "runner shell": "cmd file shell",
        "resource type git": (
            "url name branch tag paths ignore_paths disable_ci_skip depth submodules tags username password token"
            " private_key known_hosts force"
        ),
        "resource type cron": "timezone",
        "resource type trigger": "",
        "resource type artifact": "dir base_dir",
        "Secrets": "",
    },
    2: {
        "TaskStep": "caches cache_on_failure",
        "NotifyStep": "message params",
        "InParallelStep": "steps limit fail_fast",
        "ConditionStep": "condition steps",
        "JobPlan": "services inputs on_trigger",
        "JobInput": "type description default choices required",
        "NotificationType": "builtin notify",
        "Notification": "params message on jobs exclude",
        "Service": "params env",
        "ServiceType": "builtin start foreground ready_check stop",
        "ReadyCheck": "interval timeout",
        "Secrets": "variables types",
        "SecretVariable": "path type",
        "SecretType": "builtin config get",
        "service type postgresql": f"{_SERVICE} password",
        "service type mariadb": f"{_SERVICE} password root_password",
        "service type redis": f"{_SERVICE} password",
        "service type nats": f"{_SERVICE} password",
        "service type rabbitmq": f"{_SERVICE} password",
        "service type kafka": _SERVICE,
        "service type vault": f"{_SERVICE} password root_token",
        "service type minio": f"{_SERVICE} password",
        "service type keycloak": f"{_SERVICE} password",
        "resource type git": "pr provider api_url base labels drafts forks fork_label ca_cert",
        "resource type http": (
            "url name version version_path headers secret_headers username password token ca_cert max_size file method"
        ),
        "resource type fs": "path name max_size source",
        "resource type s3": (
            "bucket regexp versioned_file endpoint region access_key_id secret_access_key session_token path_style"
            " ca_cert dir skip_download file acl content_type server_side_encryption sse_kms_key_id"
        ),
        "resource type registry-image": (
            "repository tag semver tag_regex variant pre_releases username password ca_cert insecure dir platform"
            " skip_download image version additional_tags"
        ),
        "notification type slack": "webhook_url",
        "notification type discord": "webhook_url mentions",
        "notification type webhook": "url secret",
        "notification type email": "host port security user password from to subject",
        "notification type github-status": "token repository api commit context status description",
        "notification type gitlab-status": "token project url commit context status description",
        "notification type gitea-status": "token url repository commit context status description",
        "notification type github-check": (
            "app_id installation_id private_key repository base_url api status conclusion head_sha name details_url"
        ),
        "runner docker": "image cmd entrypoint user volumes network pull cpus memory privileged args",
        "secret type file": "path format",
        "secret type vault": "address path namespace token role_id secret_id jwt role auth_mount ca_cert",
    },
}
#: What a worker of this release can run, and one of a release that did not say.
LEVEL, UNSAID = max(_GROUPS), 1

#: The level of each part: of a struct or built-in type by its name, of a field or param by `name.field`.
LEVELS: Mapping[str, int] = MappingProxyType(
    {
        part: level
        for level, group in sorted(_GROUPS.items(), reverse=True)
        for name, fields in group.items()
        for part in (name, *(f"{name}.{field}" for field in fields.split()))
    }
)

#: What is built into a worker, by its kind.
BUILTINS: Mapping[str, Mapping[str, msgspec.Struct]] = MappingProxyType(
    {
        "runner": BUILTIN_RUNNERS,
        "resource type": BUILTIN_RESOURCE_TYPES,
        "notification type": BUILTIN_NOTIFICATION_TYPES,
        "service type": BUILTIN_SERVICES,
        "secret type": BUILTIN_SECRET_TYPES,
    }
)
_KINDS: Mapping[type, str] = MappingProxyType(
    {
        ResourceType: "resource type",
        NotificationType: "notification type",
        ServiceType: "service type",
        SecretType: "secret type",
    }
)
_TYPES = ResourceType | NotificationType | ServiceType | SecretType
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{kind.__name__: str(kind.__struct_config__.tag) for kind in get_args(Step)},
        "JobPlan.inputs": "input",
        "Notification": "notifications",
        "NotificationType": "notifications",
        "ServiceType": "services",
        "SecretType": "secrets",
        "Secrets.variables": "secrets",
    }
)


class Need(NamedTuple):
    """The level that a worker must have, and the part of the plan that asks for it, in a pipeline's words."""

    level: int = UNSAID
    part: str = ""


def needs(*plan: object) -> Need:
    """What running these parts of a plan asks of a worker. They are to hold the types that they name.

    A part that the table does not have is taken for one of the newest.
    """
    found = Need()
    for part in _parts(list(_structs(plan))):
        level = LEVELS.get(part, LEVEL)
        if level > found.level:
            found = Need(level, _word(part))
    return found


def declared_params(builtin: msgspec.Struct) -> frozenset[str]:
    """The params that a built-in type describes, wherever they may stand."""
    given = (getattr(builtin, where, ()) for where in ("params", "get_params", "put_params", "values"))
    return frozenset(param.name for params in given for param in params)


@lru_cache
def optional_fields(kind: type[msgspec.Struct]) -> Mapping[str, object]:
    """The fields of a struct that have a default, each with it, by `name.field`; inherited ones by their owner."""
    owners = {name: owner for owner in reversed(kind.__mro__) for name in inspect.get_annotations(owner)}
    return {
        f"{owners[field.name].__name__}.{field.name}": (
            field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        )
        for field in msgspec.structs.fields(kind)
        if not field.required
    }


def _structs(value: object) -> Iterator[msgspec.Struct]:
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _structs(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _structs(item)


def _parts(structs: list[msgspec.Struct]) -> Iterator[str]:
    own = {struct.name for struct in structs if isinstance(struct, RunnerType)}
    types = [struct for struct in structs if isinstance(struct, _TYPES)]
    builtins = {(_KINDS[type(kind)], kind.name): kind.builtin for kind in types}
    for struct in structs:
        yield type(struct).__name__
        for part, default in optional_fields(type(struct)).items():
            if getattr(struct, part.partition(".")[2]) != default:
                yield part
        if isinstance(struct, _TYPES) and struct.builtin:
            yield f"{_KINDS[type(struct)]} {struct.builtin}"
        kind, name, params = _use(struct)
        builtin = ("" if name in own else name) if kind == "runner" else builtins.get((kind, name), "")
        if builtin:
            yield f"{kind} {builtin}"
            known = BUILTINS[kind].get(builtin)
            described = declared_params(known) if known else frozenset(params)
            yield from (f"{kind} {builtin}.{param}" for param in params if param in described)


def _use(struct: msgspec.Struct) -> tuple[str, str, Mapping[str, object]]:
    """Which type this part of a plan uses, by kind and name, and with what params."""
    match struct:
        case Command(runner=name, params=params):
            return "runner", name, params
        case Resource(type=name, params=params):
            return "resource type", name, params
        case GetStep(resource=canonical, params=params) | PutStep(resource=canonical, params=params):
            return "resource type", canonical.partition(".")[0], params
        case Notification(type=name, params=params):
            return "notification type", name, params
        case NotifyStep(notification=canonical, params=params):
            return "notification type", canonical.partition(".")[0], params
        case Service(type=name, params=params):
            return "service type", name, params
        case SecretType(name=name, config=params):
            return "secret type", name, params
        case _:
            return "", "", {}


def _word(part: str) -> str:
    """`in_parallel` for the struct of that step, `caches` for a field; built-in types and their params as they are."""
    if " " in part:
        return part.replace(".", " with ")
    return _WORDS.get(part) or part.rpartition(".")[2]
