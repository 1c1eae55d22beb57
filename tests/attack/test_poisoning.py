"""What is kept from build to build: mirrors of git repositories and caches of resource types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.attack.repositories import add_commit, git, make_repository
from tests.attack.site import ENDS, Site, job, tags
from tests.services.git_http import GitHost, served

CACHED = "canary-cached"
#: The next time that a check falls due by itself. `@every 24h` falls due at an hour that follows from the resource's
#: number, which is the same in each run: at that hour, a check met what was being written into its mirror.
NEVER = "0 0 29 2 *"
#: The check of a type with a cache writes what its next use finds.
RESOURCES = """
resource "git" "app" {{
  params {{
    url    = {url}
    branch = "main"
  }}
  check_interval = "{never}"
  {tags}
}}

resource_type "kept" {{
  cache = true

  check "shell" {{
    cmd = "echo '[{{\\"n\\": \\"1\\"}}]'"
  }}

  pull "shell" {{
    cmd = <<-EOT
      test -e "$CACHE_DIR/kept" || echo {cached}-$BUILD_TEAM_NAME > "$CACHE_DIR/kept"
      echo "cache: $(cat "$CACHE_DIR/kept")"
    EOT
  }}
}}

resource "kept" "it" {{
  check_interval = "{never}"
  {tags}
}}
"""
GETS = 'get "git" "app" {}\n  get "kept" "it" {}\n'
USING = """
job "use" {{
  {tags}
  {gets}
  task "show" {{
    run "shell" {{
      cmd = "echo answer: $(cat app/answer)"
    }}
  }}
}}
"""


class Stage:
    """A good repository and an evil one, and the same pipeline for two teams."""

    def __init__(self, site: Site, kind: str, root: Path, address: str) -> None:
        self.site, self.kind, self._root = site, kind, root
        self.good, self.evil = f"{address}/good.git", f"{address}/evil.git"
        self.mark = site.loot / f"mark-{kind}"
        self.commit, self.evil_commit = (make_repository(root / f"{name}.git", name) for name in ("good", "evil"))
        self.told: dict[str, Any] = {
            "good": self.good,
            "evil": self.evil,
            "evil-commit": self.evil_commit,
            "evil-objects": str(root / "evil.git" / "objects"),
            "evil-config": str(root / "evil.git" / "config"),
            "good-blob": git(root / "good.git", "rev-parse", f"{self.commit}:answer"),
            "mark": str(self.mark),
        }
        resources = RESOURCES.format(url=json.dumps(self.good), tags=tags(kind), cached=CACHED, never=NEVER)
        self.config = resources + USING.format(tags=tags(kind), gets=GETS)
        self.pipeline = f"poison-{kind}"

    def set(self, team: str, more: str = "") -> None:
        """Set the pipeline, and wait for its versions."""
        self.site.set_pipeline(self.pipeline, self.config + more, team)
        for name in ("git.app", "kept.it"):
            path = f"/teams/{team}/pipelines/{self.pipeline}/resources/{name}/versions"
            self.site.server.wait_for(partial(self._versions, path), f"a version of {name}")

    def go_on(self) -> None:
        """A new commit, which both teams' checks find: mirrors must fetch it."""
        add_commit(self._root / "good.git", "good again")
        for team in ("main", "other"):
            path = f"/teams/{team}/pipelines/{self.pipeline}/resources/git.app"
            self.site.server.post(f"{path}/check")
            self.site.server.wait_for(partial(self._has_two, f"{path}/versions"), "the new commit")

    def _has_two(self, path: str) -> bool:
        return len(self._versions(path)) == 2

    def _versions(self, path: str) -> Any:
        return self.site.server.get(path)["items"]

    def use(self, team: str) -> str:
        """Run an honest build; its log."""
        done = self.site.run(self.pipeline, "use", team=team)
        assert done.status == "succeeded", done.log
        return done.log

    def caches(self) -> list[str]:
        """Every cache of the worker, down to where its content is."""
        found = (path for path in (self.site.workdirs[self.kind] / "cache").glob("*/*") if path.is_dir())
        return sorted(str(path / "content" if (path / "content").is_dir() else path) for path in found)


@pytest.fixture
def stage(site: Site, kind: str) -> Iterator[Stage]:
    root = site.base / f"repositories-{kind}"
    root.mkdir()
    with served(GitHost(root)) as address:
        if not any(team["name"] == "other" for team in site.server.get("/teams")["items"]):
            site.server.post("/teams", {"name": "other"})
        yield Stage(site, kind, root, address)


def test_what_a_build_wrote_into_caches_is_not_believed(stage: Stage) -> None:
    """Not by another team, and of a mirror not by its own team either."""
    site, kind = stage.site, stage.kind
    stage.set("other")
    stage.set("main")
    honest = {team: stage.use(team) for team in ("main", "other")}
    for team, log in honest.items():
        assert "answer: good" in log
        assert f"cache: {CACHED}-{team}" in log
    places = stage.caches()
    assert len(places) >= 4
    told = {**stage.told, "places": places, "seconds": 0 if site.way == "plain" else 0.5}
    # The first leaves a mirror that works, and leads elsewhere; the second one that may be noticed to be broken.
    kinds = {"redirect": ["config", "hooks", "attributes"], "attack": []}
    jobs = {name: site.probe("poisoning", {**told, "actions": chosen}) for name, chosen in kinds.items()}
    stage.set("main", "".join(job(name, command, f"{tags(kind)}\n  {GETS}") for name, command in jobs.items()))
    redirected = site.run(stage.pipeline, "redirect")
    redirected.require_tried("config:", "hooks:", "attributes:")
    stage.go_on()
    later = {team: stage.use(team) for team in ("main", "other")}
    done = site.run(stage.pipeline, "attack")
    done.require_tried(
        "config:", "hooks:", "attributes:", "alternates:", "refs:", "object:", "cache:", "while-open", "git"
    )
    assert done.status in ENDS
    after = {team: stage.use(team) for team in ("main", "other")}
    assert not stage.mark.exists()
    written = {name for name, answer in done.answers.items() if answer.startswith("had")}
    if site.way == "plain":
        assert {"config", "hooks", "refs", "object", "cache"} <= {name.partition(":")[0] for name in written}
    else:
        assert written <= {"while-open", "git"}
        assert done.answers["while-open"] == "had '0 writes'"
        assert not done.holds(f"{CACHED}-other")
        assert f"cache: {CACHED}-other" in after["other"]
    for log in (*later.values(), *after.values()):
        assert "answer: good again" in log, log
