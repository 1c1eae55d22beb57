"""Every way in which a pipeline runs a command, and who runs it."""

from __future__ import annotations

import json

from tests.attack.site import Site, tags

#: Says who runs it, and whether that one can read the worker's identity.
WHO = "echo {place}=$(id -u):$(cat {secret} >/dev/null 2>&1 && echo open || echo closed)"
CONFIG = """
runner_type "own" {{
  run {{
    path = "/bin/sh"
    args = ["-c", "$script"]
  }}
}}

resource_type "spy" {{
  check "shell" {{
    cmd = {check}
  }}

  pull "shell" {{
    cmd = {pull}
  }}

  push "shell" {{
    cmd = {push}
  }}
}}

resource "spy" "it" {{
  {tags}
}}

job "all" {{
  {tags}

  get "spy" "it" {{}}

  task "task" {{
    run "own" {{
      script = {task}
    }}

    on_success "shell" {{
      cmd = {hook}
    }}
  }}

  put "spy" "it" {{}}

  on_success "shell" {{
    cmd = {job_hook}
  }}
}}
"""
PLACES = ("pull", "task", "hook", "push", "job_hook")


def test_all_commands_run_as_the_builds_user(site: Site, kind: str) -> None:
    secret = site.files(kind).get("identity", str(site.database))
    scripts = {place: WHO.format(place=place, secret=secret) for place in (*PLACES, "check")}
    # What a check and a push print at last is a version.
    scripts["check"] = f"{scripts['check']} >&2; echo '[{{\"who\": \"'$(id -u)'\"}}]'"
    scripts["push"] += '; echo "{}"'
    name = f"commands-{kind}"
    site.set_pipeline(
        name, CONFIG.format(tags=tags(kind), **{place: json.dumps(text) for place, text in scripts.items()})
    )
    path = f"/teams/main/pipelines/{name}/resources/spy.it/versions"
    (version,) = site.server.wait_for(lambda: site.server.get(path)["items"], "the check's version")
    log = site.run(name, "all").log
    found = dict(line.split("=", 1) for line in log.splitlines() if line.partition("=")[0] in PLACES)
    assert set(found) == set(PLACES), log
    users = {answer.partition(":")[0] for answer in found.values()}
    openness = {answer.partition(":")[2] for answer in found.values()}
    own = str(site.workdirs[kind].stat().st_uid)
    if site.way == "plain":
        assert (users, openness, version["version"]["who"]) == ({own}, {"open"}, own)
        return
    assert openness == {"closed"}
    assert len(users) == 1  # one build has one user
    assert int(users.pop()) in site.builders
    assert int(version["version"]["who"]) in site.builders
