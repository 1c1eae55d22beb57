"""Paths that lead out of the build, where the worker itself reads or writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attack.site import ENDS, Site, tags

LINKED = "canary-linked"
#: What a job does, by its name: a task's script, and what comes after it.
#: `{secret}` and `{script}` are files of the worker, `{place}` is a directory of it.
TRICKS: dict[str, tuple[str, str]] = {
    "output-symlink": ('ln -sf {secret} "$PIKOCI_OUTPUT"', ""),
    "output-hardlink": ('rm -f "$PIKOCI_OUTPUT"; ln {secret} "$PIKOCI_OUTPUT" || echo refused', ""),
    "output-fifo": ('rm -f "$PIKOCI_OUTPUT"; mkfifo "$PIKOCI_OUTPUT"', ""),
    "output-directory": ('rm -f "$PIKOCI_OUTPUT"; mkdir "$PIKOCI_OUTPUT"', ""),
    "output-device": ('ln -sf /dev/zero "$PIKOCI_OUTPUT"', ""),
    "output-huge": ('head -c 3000000 /dev/zero | tr "\\\\0" x > "$PIKOCI_OUTPUT"', ""),
    "output-parent": (
        'd=$(dirname "$PIKOCI_OUTPUT"); rm -rf "$d" || ln -s {place} "$d" || mv "$d" x || echo refused',
        "",
    ),
    "outputs": ("ln -s {place} out", 'outputs = ["out/made"]'),
    "script": ("ln -s {script} run.sh", "script"),
    "artifact-directory": ("ln -s {place} stored", "put"),
    "artifact-inside": (
        "mkdir stored; ln -s {secret} stored/a; ln -s {place} stored/b; ln {secret} stored/c || true",
        "put",
    ),
    "artifact-target": ("ln -s {place} fetched", "get"),
}


def shell(name: str, script: str, more: str = "") -> str:
    return f'task "{name}" {{\n run "shell" {{\n cmd = {json.dumps(script)}\n }}\n {more}\n }}\n'


def trick(name: str, kind: str, paths: dict[str, str]) -> str:
    """The job that tries one of them."""
    script, after = TRICKS[name]
    for key, path in paths.items():
        script = script.replace(f"{{{key}}}", path)
    first = shell("try", f"{script}; echo TRIED {name}", after if after.startswith("outputs") else "")
    show = shell("show", "env | grep ^TASK_ || echo none; find . -type f -exec cat {} + 2>/dev/null || true")
    more = {
        "script": 'task "script" {\n run "shell" {\n file = "run.sh"\n }\n }\n',
        "put": 'put "artifact" "it" {\n dir = "stored"\n }\n',
        "get": 'get "artifact" "it" {\n params {\n dir = "fetched"\n }\n }\n',
    }.get(after, "")
    return f'job "{name}" {{\n {tags(kind)}\n {first} {more} {show}}}\n'


@pytest.fixture
def paths(site: Site, kind: str) -> dict[str, str]:
    """A secret and a script of the worker's user, and a directory that only it may change."""
    work = site.workdirs[kind]
    secret, script, place = work / "canary.env", work / "canary.sh", work / "precious"
    secret.write_text(f"KEY={LINKED}\n")
    script.write_text(f"echo {LINKED}\n")
    place.mkdir(exist_ok=True)
    (place / "file").write_text(LINKED)
    for path, mode in ((secret, 0o600), (script, 0o600), (place, 0o711), (place / "file", 0o600)):
        path.chmod(mode)
        site._own(path)
    return {"secret": str(secret), "script": str(script), "place": str(place)}


def test_no_link_leads_the_worker_out(site: Site, kind: str, paths: dict[str, str]) -> None:
    pipeline = f"links-{kind}"
    base = (
        'resource "artifact" "it" {}\n'
        f'job "first" {{\n {tags(kind)}\n {shell("make", "mkdir stored; echo honest > stored/file")}'
        ' put "artifact" "it" {\n dir = "stored"\n }\n}\n'
    )
    site.set_pipeline(pipeline, base + "".join(trick(name, kind, paths) for name in TRICKS))
    assert site.run(pipeline, "first").status == "succeeded"
    before = snapshot(paths)
    numbers = {name: site.trigger(pipeline, name) for name in TRICKS}
    logs = {}
    for name, number in numbers.items():
        build = site.server.wait_for_build(pipeline, name, number, *ENDS, timeout=40)
        logs[name] = f"{build['status']} {build['reason']}\n{site.server.build_log(pipeline, name, number)}"
    assert [name for name, log in logs.items() if f"TRIED {name}" not in log] == []
    assert snapshot(paths) == before
    leaked = [name for name, log in logs.items() if LINKED in log]
    # Without users a step may read the file itself, and hand it on by a hard link.
    assert leaked == (["output-hardlink", "artifact-inside"] if site.way == "plain" else [])


def snapshot(paths: dict[str, str]) -> dict[str, object]:
    """All that must stay as it is, with its owner and mode."""
    found = [Path(paths[name]) for name in ("secret", "script", "place")]
    found += Path(paths["place"]).rglob("*")
    return {str(path): (path.stat().st_uid, path.stat().st_mode, path.stat().st_size) for path in found}
