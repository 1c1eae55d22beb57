"""The fields of addresses and headers: types that check what comes, and from which the OpenAPI document is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.names import (
    ACCOUNT,
    BUILD_NUMBER_PATTERN,
    DIGEST_PATTERN,
    INSTANCE_PATTERN,
    JOB,
    LABEL,
    PIPELINE,
    RESOURCE,
    SECRET,
    TOKEN_ID_PATTERN,
    WEBHOOK_TOKEN_PATTERN,
    WORKER,
    Id,
    NameRule,
)

#: Python's `$` lets a newline pass at the end; JSON Schema's does not, and needs none of this.
NO_NEWLINE = r"(?!\n)"


def form(pattern: str) -> str:
    """An anchored pattern of JSON Schema, as Python must read it."""
    return pattern + NO_NEWLINE


def _named(rule: NameRule) -> Meta:
    return Meta(pattern=form(rule.pattern), min_length=1, max_length=rule.longest)


AccountName = Annotated[str, _named(ACCOUNT)]
PipelineName = Annotated[str, _named(PIPELINE)]
JobName = Annotated[str, _named(JOB)]
TokenName = Annotated[str, _named(LABEL)]
SecretName = Annotated[str, _named(SECRET)]
ResourceName = Annotated[str, _named(RESOURCE)]
WorkerName = Annotated[str, _named(WORKER)]
BuildNumber = Annotated[str, Meta(pattern=form(BUILD_NUMBER_PATTERN), examples=["3", "3.1"])]
Instance = Annotated[str, Meta(pattern=form(INSTANCE_PATTERN))]
IdempotencyKey = Annotated[str, Meta(pattern=form("^[!-~]+$"), min_length=1, max_length=255)]

#: The rules of names by the patterns that stand for them in the messages of msgspec.
RULES: Mapping[str, NameRule] = {form(rule.pattern): rule for rule in (RESOURCE, WORKER, JOB, PIPELINE, ACCOUNT)}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an address: its type, and what is said of a value (`{value}`) that cannot be."""

    kind: Any
    refusal: str
    hint: str


def _name(what: str, kind: Any, rule: NameRule) -> Field:
    return Field(kind, f"{{value}} cannot be the name of a {what}", f"it {rule.sentence}")


def _id(what: str) -> Field:
    return Field(Id, f"{{value}} is not a valid {what}", "it is a whole number from 1 on")


def _token(what: str, pattern: str, hint: str) -> Field:
    return Field(Annotated[str, Meta(pattern=form(pattern))], f"this cannot be {what}", hint)


#: Every field that an address has.
PATH_FIELDS: Mapping[str, Field] = {
    "team": _name("team", AccountName, ACCOUNT),
    "user": _name("user", AccountName, ACCOUNT),
    "pipeline": _name("pipeline", PipelineName, PIPELINE),
    "job": _name("job", JobName, JOB),
    "resource": _name("resource", ResourceName, RESOURCE),
    "worker": _name("worker", WorkerName, WORKER),
    "secret": _name("secret", SecretName, SECRET),
    "number": Field(BuildNumber, "{value} is not a build number", "build numbers look like 3, or 3.1 for a retry"),
    "version": Field(Id, "{value} is not a version id", "the resource's versions are listed with their ids"),
    "token": _token("a webhook token", WEBHOOK_TOKEN_PATTERN, "copy the whole address from the resource"),
    "token_id": _token("the id of a worker's token", TOKEN_ID_PATTERN, "the list of worker tokens has the ids"),
    "session": _token("a session", TOKEN_ID_PATTERN, "the list of sessions has the ids"),
    "api_token_id": _id("API token id"),
    "build_id": _id("build id"),
    "resource_id": _id("resource id"),
    "announcement_id": _id("announcement id"),
    "claim": _id("claim"),
    "digest": _token("an artifact", DIGEST_PATTERN, "artifacts are named by 64 hex digits"),
}
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def read_path(params: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an address, each by its type: `version` becomes an int, names stay text.

    Raises InvalidError naming the one that cannot be.
    """
    return {name: _read(PATH_FIELDS[name], value) for name, value in params.items()}


def fits(value: str, kind: Any) -> bool:
    """Whether the text of a header is of a type of this module."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _read(field: Field, value: str) -> Any:
    # An address is one text: `1.0` and `1e3` are whole numbers for msgspec, but no second name of version 1 or 1000.
    lenient = field.kind is Id and _DIGITS.fullmatch(value) is not None
    try:
        return msgspec.convert(value, field.kind, strict=not lenient)
    except msgspec.ValidationError:
        raise InvalidError(field.refusal.format(value=repr(value[:80])), hint=field.hint) from None
