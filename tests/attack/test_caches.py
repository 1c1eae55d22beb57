"""What a task keeps from build to build with `caches`."""

from __future__ import annotations

import json
import uuid

from tests.attack.site import ENDS, Site, tags

_CONFIG = """
job "keep" {{
  {tags}
  task "keep" {{
    caches = ["kept", "in/kept"]

    run "shell" {{
      cmd = {script}
    }}
  }}
}}
"""


class Keeper:
    """A pipeline whose one task has two caches."""

    def __init__(self, site: Site, kind: str) -> None:
        self._site, self._tags, self._name = site, tags(kind), f"keep-{kind}-{uuid.uuid4().hex[:8]}"

    def run(self, script: str) -> str:
        """Run a build; its log."""
        self._site.set_pipeline(self._name, _CONFIG.format(tags=self._tags, script=json.dumps(script)))
        done = self._site.run(self._name, "keep")
        assert done.status in ENDS
        return done.log


def test_another_pipelines_build_gets_at_nothing_that_is_kept(site: Site, kind: str) -> None:
    keeper = Keeper(site, kind)
    keeper.run("mkdir -p kept; echo canary-kept > kept/file; chmod -R 777 kept")
    place = site.workdirs[kind] / "cache" / "tasks"
    attempts = (
        f"find {place} -name file -exec cat {{}} + ; cat {place}/*/content/file; echo worse > {place}/*/content/file"
    )
    other = Keeper(site, kind).run(f"set +e; {attempts}; echo tried")
    assert "tried\n" in other
    after = keeper.run("cat kept/file")
    if site.way == "plain":
        assert "canary-kept" in other
    else:
        assert "canary-kept" not in other
        assert "canary-kept" in after


def test_a_link_in_the_way_of_a_cache_leads_nowhere(site: Site, kind: str) -> None:
    """What the worker moves, by rights that the build does not have, stays in the build's directory."""
    victim = site.base / f"victim-{kind}"
    (victim / "kept").mkdir(parents=True, exist_ok=True)
    (victim / "kept" / "file").write_text("canary-victim-cache")
    keeper = Keeper(site, kind)
    for script in (
        f"rm -rf in kept; ln -s {victim} in; ln -s {victim}/kept kept",
        f"rm -rf in kept; ln -s {victim} in; ln {victim}/kept/file kept || touch kept",
    ):
        keeper.run(script)
        assert (victim / "kept" / "file").read_text() == "canary-victim-cache"
        log = keeper.run("set +e; cat kept/file in/kept/file; echo tried")
        assert "tried\n" in log
        assert "canary-victim-cache" not in log


def test_what_a_cache_brings_gives_no_rights(site: Site, kind: str) -> None:
    keeper = Keeper(site, kind)
    keeper.run("mkdir kept; cp /usr/bin/id kept/id; chmod 6755 kept/id; mkfifo kept/fifo; ln -s /etc/shadow kept/link")
    log = keeper.run("set +e; echo uid $(kept/id -u) $(id -u); head -c 5 kept/link; echo tried")
    numbers = next(line for line in log.splitlines() if line.startswith("uid ")).split()[1:]
    assert numbers[0] == numbers[1]
    if site.way != "plain":
        assert "root:" not in log
