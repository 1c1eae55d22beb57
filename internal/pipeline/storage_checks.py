"""Checks what the params of resources in registries and object stores say together, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pikoci.internal.domain.image_name import ImageNameError, checked_platform, checked_tag, parse_repository
from pikoci.internal.domain.object_key import KeyPattern, KeyPatternError, checked_key
from pikoci.internal.domain.plan import Json
from pikoci.internal.domain.version_order import Constraint, ConstraintError
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.sentences import sentence
from pikoci.pkg.hcl.values import Deferred

_WHICH_TAGS = ("tag", "semver", "tag_regex")
_WHICH_OBJECTS = ("regexp", "versioned_file")


def check_storage(kind: str, node: Node, given: Mapping[str, Json], report: Report) -> None:
    """Check a resource of the built-in type `kind`, whose params are `given`; others are passed over."""
    params = node.only("params")
    if params is not None and kind == "registry-image":
        _check_image(params, given, report)
    if params is not None and kind == "s3":
        _check_objects(params, given, report)


def _check_objects(params: Node, given: Mapping[str, Json], report: Report) -> None:
    _one_of(params, given, _WHICH_OBJECTS, "Each says what the versions are.", report)
    if not any(name in params.free for name in _WHICH_OBJECTS):
        where = params.block.range
        report.error(where, 'Neither "regexp" nor "versioned_file"', hint='write regexp = "DIRECTORY/NAME-(.*).tgz"')
    _value(params, given, "regexp", KeyPattern, report)
    _value(params, given, "versioned_file", checked_key, report)
    for one, other in (("access_key_id", "secret_access_key"), ("secret_access_key", "access_key_id")):
        if one in params.free and other not in params.free:
            report.error(params.where(one), f'"{one}" without "{other}"', hint=f"write {other} = ...")
    if "session_token" in params.free and "access_key_id" not in params.free:
        where = params.where("session_token")
        report.error(where, '"session_token" without "access_key_id"', hint="write access_key_id = ...")


def _check_image(params: Node, given: Mapping[str, Json], report: Report) -> None:
    _one_of(params, given, _WHICH_TAGS, "Each says which tags are versions.", report)
    _value(params, given, "repository", parse_repository, report)
    _value(params, given, "tag", checked_tag, report)
    _value(params, given, "platform", checked_platform, report)
    _value(params, given, "semver", Constraint, report)
    for name in ("variant", "pre_releases"):
        if name in given and "semver" not in given and "tag" not in given:
            report.warning(params.where(name), f'"{name}" has no effect without "semver"', hint='write semver = "*"')


def _one_of(params: Node, given: Mapping[str, Json], names: tuple[str, ...], why: str, report: Report) -> None:
    there = [name for name in names if name in given]
    for name in there[1:]:
        report.error(params.where(name), f'Both "{there[0]}" and "{name}"', why, "take one of them out")


def _value(params: Node, given: Mapping[str, Json], name: str, read: Callable[[str], object], report: Report) -> None:
    """Have `read` look at a text that is known when the pipeline is set."""
    value = given.get(name)
    if not isinstance(value, str) or isinstance(params.free.get(name), Deferred) or not value:
        return
    try:
        read(value)
    except ConstraintError as error:
        hint = 'write such as "~1.2", ">= 1.2 < 3" or "*"'
        report.error(params.where(name), f'Wrong value for "{name}"', sentence(error), hint)
    except (ImageNameError, KeyPatternError) as error:
        report.error(params.where(name), f'Wrong value for "{name}"', sentence(error), error.hint)
