"""Resources and their types."""

from __future__ import annotations

import re

from pikoci.internal.domain.tags import MAX_TAGS
from pikoci.internal.pipeline.concourse import document
from pikoci.internal.pipeline.concourse.conversion import Conversion, ResourceName

#: Types of Concourse that are built in here, under the name that they have here.
TYPES = {
    "git": "git",
    "time": "cron",
    "mock": "trigger",
    "registry-image": "registry-image",
    "docker-image": "registry-image",
    "s3": "s3",
}
_IMAGES = ("registry-image", "docker-image")
_RENAMED = {
    "git": {"uri": "url", "tag_filter": "tag"},
    "registry-image": {"semver_constraint": "semver"},
    "s3": {"region_name": "region"},
}
_DAYS = {
    "sunday": "0",
    "monday": "1",
    "tuesday": "2",
    "wednesday": "3",
    "thursday": "4",
    "friday": "5",
    "saturday": "6",
}
_TIME = re.compile(r"(\d{1,2})(?::?(\d{2}))?\s*([AaPp][Mm])?")
_KNOWN = ("name", "type", "source", "check_every", "tags")
#: What only concerns pages or the past.
SILENT = ("icon", "public", "display", "old_name", "expose_build_created_by", "webhook_token")


def name_resources(conversion: Conversion, pipeline: document.Mapping) -> None:
    """Give every resource its name, before anything refers to it."""
    needed = {
        str(one.get("resource") or one.get("put") or one["get"])
        for one in document.maps(pipeline)
        if "put" in one or ("get" in one and (one.get("trigger") or one.get("passed")))
    }
    images = {str(one["image"]) for one in document.maps(pipeline) if "image" in one}
    own = {conversion.text(one, "name") for one in conversion.mappings(pipeline, "resource_types")}
    conversion.own_types = {type_label(name) for name in own}
    for found in conversion.mappings(pipeline, "resources"):
        name, kind = conversion.text(found, "name"), conversion.text(found, "type")
        known = "" if kind in own else TYPES.get(kind, "")
        here = known if conversion.builtin(known) else type_label(kind)
        taken = {one.name for one in conversion.resources.values() if one.type == here}
        source = found.get("source")
        image = image_of(source) if kind in _IMAGES and isinstance(source, document.Mapping) else ""
        only_image = bool(image) and name in images and name not in needed
        label = conversion.label(name, found.line, taken)
        conversion.resources[name] = ResourceName(here, label, image, only_image=only_image)


def type_label(kind: str) -> str:
    """The name of a type that has none of its own here."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", kind).strip("-") or "unknown"


def image_of(source: document.Mapping) -> str:
    """The image that the source of a registry-image names."""
    repository, tag = source.get("repository"), source.get("tag")
    return "" if not isinstance(repository, str) else f"{repository}:{tag}" if tag is not None else repository


def write_types(conversion: Conversion, pipeline: document.Mapping) -> None:
    """Write a definition for each type that is not built in, with commands that say what to do."""
    declared = {conversion.text(one, "name"): one for one in conversion.mappings(pipeline, "resource_types")}
    lines = {conversion.text(one, "type"): one.line for one in reversed(conversion.mappings(pipeline, "resources"))}
    used = {one.type for one in conversion.resources.values() if not one.only_image}
    wanted = {kind for kind in used if conversion.builtin(kind) is None}
    for kind in dict.fromkeys([*declared, *lines]):
        if type_label(kind) not in wanted:
            continue
        line = declared[kind].line if kind in declared else lines[kind]
        wanted.discard(type_label(kind))
        with conversion.writer.block("resource_type", type_label(kind)):
            conversion.lost(line, f"resource type {kind}", "write its commands; they fail until then")
            for command in ("check", "pull", "push"):
                with conversion.writer.block(command, "shell"):
                    conversion.writer.argument(
                        "cmd", f"echo 'the {command} of this type is not written yet' >&2; exit 1"
                    )


def write_resources(conversion: Conversion, pipeline: document.Mapping) -> None:
    """Write every resource."""
    for found in conversion.mappings(pipeline, "resources"):
        named = conversion.resources[conversion.text(found, "name")]
        if named.only_image:
            conversion.writer.blank()
            conversion.lost(found.line, f"resource {named.name}", f"tasks name the image {named.image} themselves")
            continue
        with conversion.writer.block("resource", named.type, named.name):
            conversion.left_out(found, _KNOWN, (*SILENT, "version"))
            if "version" in found:
                reason = "pin it with `pikoci client resources pin` once it is set"
                conversion.lost(found.lines["version"], "version", reason)
            _write_schedule(conversion, found, named)
            if tags := conversion.texts(found, "tags")[:MAX_TAGS]:
                conversion.writer.argument("tags", tags)
            _write_params(conversion, found, named)


def _write_schedule(conversion: Conversion, found: document.Mapping, named: ResourceName) -> None:
    every = conversion.text(found, "check_every")
    if named.type == "cron" and conversion.builtin("cron"):
        schedule = _cron(conversion, conversion.mapping(found, "source"))
        if schedule:
            conversion.writer.argument("check_interval", schedule)
    elif every == "never":
        conversion.lost(found.lines["check_every"], "check_every: never", "every resource is checked by schedule")
    elif every and named.type != "trigger":
        conversion.writer.argument("check_interval", f"@every {every}")


def _write_params(conversion: Conversion, found: document.Mapping, named: ResourceName) -> None:
    source = conversion.mapping(found, "source")
    builtin = conversion.builtin(named.type)
    with conversion.writer.block("params", needed=False):
        if builtin is not None and named.type == "cron":
            if location := conversion.text(source, "location"):
                conversion.writer.argument("timezone", location)
            conversion.left_out(source, ("interval", "start", "stop", "days", "location", "initial_version"))
        elif builtin is None:
            conversion.params(source, {}, None)
        else:
            renamed = _RENAMED.get(named.type, {})
            conversion.params(source, renamed, {param.name for param in builtin.params})
            if named.type == "registry-image" and not {"tag", "tag_regex", "semver_constraint"} & source.keys():
                conversion.writer.argument("semver", "*")  # which is what no tag means there
            if named.type == "git" and named.name != conversion.text(found, "name"):
                conversion.writer.argument("name", conversion.text(found, "name"))


def _cron(conversion: Conversion, source: document.Mapping) -> str:
    """The schedule of a time resource; empty where there is none."""
    interval, start = conversion.text(source, "interval"), conversion.text(source, "start")
    days = [_DAYS[day.lower()] for day in conversion.texts(source, "days") if day.lower() in _DAYS]
    if interval:
        for key in ("start", "stop", "days"):
            if key in source:
                conversion.lost(source.lines[key], key, "an interval is not bound to times of the day here")
        return f"@every {interval}"
    hour, minute = _time(start)
    if start and hour is None:
        conversion.lost(source.lines["start"], f"start: {start}", "write the time as five cron fields")
    if "stop" in source:
        conversion.lost(source.lines["stop"], "stop", "the schedule names one time, the start", comment=False)
    return f"{minute} {hour or 0} * * {','.join(days) or '*'}"


def _time(text: str) -> tuple[int | None, int]:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None, 0
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    return (hour, minute) if hour < 24 and minute < 60 else (None, 0)
