"""Tasks: a command of Concourse, with its image, parameters, inputs and outputs."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Any

from pikoci.internal.domain.builtin import BUILTIN_RUNNERS
from pikoci.internal.pipeline.concourse import document
from pikoci.internal.pipeline.concourse.conversion import Conversion, plain
from pikoci.internal.pipeline.concourse.resources import image_of
from pikoci.internal.pipeline.concourse.writing import VARIABLE, Script
from pikoci.internal.pipeline.language import LANGUAGE

STEP_KEYS = (
    "task",
    "config",
    "file",
    "image",
    "params",
    "input_mapping",
    "output_mapping",
    "privileged",
)
_CONFIG_KEYS = ("platform", "image_resource", "inputs", "outputs", "caches", "params", "run")
_SHELLS = re.compile(r"(?:/usr/bin/|/bin/)?(sh|bash)")
_SCRIPT_FLAGS = re.compile(r"-[a-z]*c")


def write_task(conversion: Conversion, step: document.Mapping) -> None:
    """Write what stands in a task's block, but for what every step has."""
    config = _config(conversion, step)
    conversion.left_out(config, _CONFIG_KEYS)
    if (platform := conversion.text(config, "platform")) not in ("", "linux"):
        reason = "give the job tags, and a worker on such a machine the same"
        conversion.lost(config.lines["platform"], f"platform: {platform}", reason)
    _write_env(conversion, config, step)
    _write_paths(conversion, config, step)
    _write_run(conversion, config, step)


def _config(conversion: Conversion, step: document.Mapping) -> document.Mapping:
    path = conversion.text(step, "file")
    if not path:
        return conversion.mapping(step, "config")
    if path in conversion.task_files:
        return conversion.task_files[path]
    reason = "the file was not given: write its command here, or name the folder of its resource with --files"
    conversion.lost(step.lines["file"], f"file: {path}", reason)
    return document.Mapping(step.line)


def _write_env(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> None:
    given = {**conversion.mapping(config, "params"), **conversion.mapping(step, "params")}
    if given:
        conversion.writer.argument("env", {name: plain(value) for name, value in given.items()})


def _write_paths(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> None:
    mapped = conversion.mapping(step, "input_mapping")
    inputs = [one for one in conversion.mappings(config, "inputs") if one.get("optional") is not True]
    names = [str(mapped.get(name, name)) for one in inputs if (name := conversion.text(one, "name"))]
    if names:
        conversion.writer.argument("inputs", names)
    if outputs := [path for path, _ in _outputs(conversion, config, step)]:
        conversion.writer.argument("outputs", outputs)
    if caches := [path for one in conversion.mappings(config, "caches") if (path := conversion.text(one, "path"))]:
        if "caches" in LANGUAGE["step.task"].by_name:
            conversion.writer.argument("caches", caches)
        else:
            conversion.lost(config.lines["caches"], "caches", "tasks keep no caches")


def _outputs(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> list[tuple[str, str]]:
    """The directory that later steps see, and the one that the task writes to, for each output."""
    mapped = conversion.mapping(step, "output_mapping")
    return [
        (str(mapped.get(name, name)), conversion.text(one, "path") or name)
        for one in conversion.mappings(config, "outputs")
        if (name := conversion.text(one, "name"))
    ]


def _preparation(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> list[str]:
    """The commands that lay out the work directory as the task expects it."""
    mapped = conversion.mapping(step, "input_mapping")
    lines: list[str] = []
    for one in conversion.mappings(config, "inputs"):
        name = conversion.text(one, "name")
        lines += _linked(conversion, one.line, str(mapped.get(name, name)), conversion.text(one, "path") or name)
    for there, wanted in _outputs(conversion, config, step):
        lines.append(f"mkdir -p {shlex.quote(there)}")
        lines += _linked(conversion, config.lines["outputs"], there, wanted)
    return lines


def _linked(conversion: Conversion, line: int, there: str, wanted: str) -> list[str]:
    """The commands that show a directory under another path of the work directory as well."""
    wanted = posixpath.normpath(wanted) if wanted else ""
    if wanted in ("", posixpath.normpath(there or ".")):
        return []
    if wanted.startswith(("/", "..")) or wanted == ".":
        conversion.lost(line, f"path: {wanted}", f"it is not below the work directory: the files are in {there}")
        return []
    parent = posixpath.dirname(wanted)
    target = posixpath.relpath(there, parent or ".")
    made = [f"mkdir -p {shlex.quote(parent)}"] if parent else []
    return [*made, f"ln -sfn {shlex.quote(target)} {shlex.quote(wanted)}"]


def _write_run(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> None:
    run = conversion.mapping(config, "run")
    lines = _preparation(conversion, config, step)
    if directory := conversion.text(run, "dir"):
        lines.append(f"cd {shlex.quote(directory)}")
    interpreter, body = _command(conversion, run)
    image = _image(conversion, config, step)
    docker = {param.name for param in BUILTIN_RUNNERS["docker"].params}
    with conversion.writer.block("run", "docker" if image else "shell"):
        conversion.left_out(run, ("path", "args", "dir", *(("user",) if image and "user" in docker else ())))
        if image:
            conversion.writer.argument("image", image)
            if "user" in docker and (user := conversion.text(run, "user")):
                conversion.writer.argument("user", user)
        if conversion.flag(step, "privileged"):
            if image and "privileged" in docker:
                conversion.writer.argument("privileged", True)
            else:
                conversion.lost(step.lines["privileged"], "privileged", "only containers know it")
        if interpreter == "bash" and image:
            body = _for_bash(body)
        elif interpreter == "bash":
            conversion.writer.argument("shell", "/bin/bash")
        conversion.writer.argument("cmd", Script("\n".join([*lines, body])))


def _command(conversion: Conversion, run: document.Mapping) -> tuple[str, str]:
    """The interpreter, `sh` or `bash`, and the script that the command is."""
    path, args = conversion.text(run, "path"), conversion.texts(run, "args")
    if not path:
        return "sh", "echo 'this task is not written yet' >&2; exit 1"
    shell = _SHELLS.fullmatch(path)
    flags = [word for word in args if word.startswith("-")]
    if shell and len(args) == len(flags) + 1 and args[:-1] == flags and flags and _SCRIPT_FLAGS.fullmatch(flags[-1]):
        traced = any("x" in flag for flag in flags if not flag.startswith("--"))
        careless = not any("e" in flag for flag in flags if not flag.startswith("--"))
        settings = [word for word, wanted in (("set -x", traced), ("set +e", careless)) if wanted]
        return shell[1], "\n".join([*settings, args[-1]])
    return "sh", " ".join(map(_word, [path, *args]))


def _for_bash(script: str) -> str:
    """A script of sh that hands another one to bash, and leaves its standard input alone."""
    marker = "SCRIPT"
    while re.search(rf"^{marker}$", script, re.MULTILINE):
        marker += "_"
    return "\n".join([f"exec bash -ec \"$(cat <<'{marker}'", script.rstrip("\n"), marker, ')"'])


def _word(text: str) -> str:
    """One word of a command line. A variable of Concourse in it stays one, between quotes of its own."""
    parts: list[str] = []
    position = 0
    for found in VARIABLE.finditer(text):
        parts += [text[position : found.start()], found[0]]
        position = found.end()
    parts.append(text[position:])
    if len(parts) == 1:
        return shlex.quote(text)
    return "".join(
        f"'{part}'" if number % 2 else shlex.quote(part) if part else "" for number, part in enumerate(parts)
    )


def _image(conversion: Conversion, config: document.Mapping, step: document.Mapping) -> Any:
    if name := conversion.text(step, "image"):
        named = conversion.resources.get(name)
        if named is not None and named.image:
            return named.image
        conversion.lost(step.lines["image"], f"image: {name}", "an image that a build makes can't be run by its name")
        return ""
    resource = conversion.mapping(config, "image_resource")
    source = conversion.mapping(resource, "source")
    image = image_of(source)
    if resource and not image:
        conversion.lost(resource.line, "image_resource", "it names no repository")
    for key in source:
        if key not in ("repository", "tag"):
            reason = "the container program of the worker has its own settings for registries"
            conversion.lost(source.lines[key], f"image_resource {key}", reason)
    return image
