"""What a command sees in its environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.worker.settings import OWN_VARIABLES
from pikoci.internal.worker.tools.workspace import Workspace

_NOT_NAME = re.compile(r"[^A-Za-z0-9_]")


def variable_name(text: str) -> str:
    """`text` with every character that cannot stand in a variable's name turned into `_`."""
    return _NOT_NAME.sub("_", text)


def text_of(value: object) -> str:
    """A value as a variable holds it: text as it is, true and false, numbers plainly, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return msgspec.json.encode(value).decode()


def flatten(value: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Names and texts of a version's values; those of nested objects and lists are joined by `_`."""
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from ((f"{key}_{name}", text) for name, text in flatten(item))
        elif isinstance(item, list) and item:
            yield from (
                (f"{key}_{name}", text) for name, text in flatten({str(i): part for i, part in enumerate(item)})
            )
        else:
            yield key, text_of(item)


def prefixed(prefix: str, values: Mapping[str, object]) -> dict[str, str]:
    """Variables such as `version_ref`, keeping the case of the names."""
    return {f"{prefix}_{variable_name(name)}": text for name, text in flatten(values)}


def parameters(prefix: str, values: Mapping[str, object]) -> dict[str, str]:
    """Variables such as `param_url`; lists and objects are JSON, unlike those of versions."""
    return {f"{prefix}_{variable_name(name)}": text_of(value) for name, value in values.items()}


def exported(kind: str, step: str, values: Mapping[str, object]) -> dict[str, str]:
    """Variables such as `GET_REPO_REF`, upper-cased: what later steps see of an earlier one."""
    start = f"{kind}_{variable_name(step)}"
    return {f"{start}_{variable_name(name)}".upper(): text for name, text in flatten(values)}


def base_variables(of_worker: Mapping[str, str], workspace: Workspace) -> dict[str, str]:
    """What every command in a workspace starts from.

    Another user than the worker's gets a home of its own, and none of what belongs to the worker's user.
    """
    own = {"WORKDIR": str(workspace.work), "TMPDIR": str(workspace.tmp)}
    if workspace.user is None:
        return {**of_worker, **own}
    inherited = {name: value for name, value in of_worker.items() if name not in OWN_VARIABLES}
    if not inherited.get("DOCKER_HOST", "tcp:").startswith("tcp:"):
        del inherited["DOCKER_HOST"]  # a socket or a login of the worker's user; an address is anybody's
    name = workspace.user.name
    return {**inherited, **own, "HOME": str(workspace.home), "USER": name, "LOGNAME": name}


def build_variables(build: BuildInfo) -> dict[str, str]:
    """What every command of a build sees."""
    variables = {
        "BUILD_ID": str(build.id),
        "BUILD_NUMBER": build.number,
        "BUILD_JOB_NAME": build.job,
        "BUILD_PIPELINE_NAME": build.pipeline,
        "BUILD_TEAM_NAME": build.team,
        "CI": "true",
        **build.inputs,
    }
    return variables | {"BUILD_URL": build.url} if build.url else variables
