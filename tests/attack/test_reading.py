"""What a build can read of the product's processes and files, and of another build."""

from __future__ import annotations

import json

from tests.attack.site import DATABASE_PASSWORD, JWT, LOGIN, QUEUE_PASSWORD, SESSION_KEY, STORED, Site
from tests.attack.victim import SECRETS, running_victim

#: What the kernel answers where it refuses.
REFUSALS = {"EACCES", "EPERM", "ENOENT", "ESRCH"}
#: Ways into a process.
WAYS_IN = (
    "environ", "maps", "mem", "process_vm_readv", "fd", "pidfd_getfd", "task", "cwd", "root",
    "exe", "attach", "seize", "setns",
)  # fmt: skip
#: What can be read without users for builds, as docs/security.md says: files of the worker's user, and its builds.
OPEN_WITHOUT_USERS = {"session-key", "login", "database", "identity", *(f"victim-{place}" for place in SECRETS)}


def secrets_of(site: Site, kind: str) -> dict[str, str]:
    """What must not be found, by what it is; those of processes are the same for both kinds."""
    identity = json.loads((site.workdirs["apart"] / "identity.json").read_text())
    files = {"login": LOGIN, "database": STORED}
    if kind == "apart":
        files["identity"] = identity["key"]
    own = {
        "jwt": JWT,
        "database-password": DATABASE_PASSWORD,
        "queue-password": QUEUE_PASSWORD,
        "token": site.worker_token,
    }
    own["session-key"] = SESSION_KEY
    return {**own, **files, **{f"victim-{place}": text for place, text in SECRETS.items()}}


def test_processes_files_and_builds_are_closed(site: Site, kind: str) -> None:
    site.set_pipeline("stored", 'variable "secret" {}\njob "none" {}\n', variables={"secret": STORED})
    with running_victim(site, kind) as victim:
        own = site.own_processes(kind)
        assert {"worker", "zygote"} < set(own), own
        told = {"root": str(victim.root), "files": victim.files, "pid": victim.pid}
        more = {"victim": told, "queue": site.nats.port}
        done = site.attempt(kind, "reading", {"processes": own, "files": site.files(kind), **more})
        done.require_tried(
            *(f"{role}:{way}" for role in own for way in WAYS_IN),
            *(f"{way}:{name}" for name in site.files(kind) for way in ("file", "symlink", "hardlink")),
            "queue", "session-key", "victim:environ", "victim:kept", "victim:mem", "own:environ", "own:parent",
            "own:fd",
        )  # fmt: skip
        assert victim.is_whole()
    answers = {name: done.answers[name] for name in done.answers for role in own if name.startswith(f"{role}:")}
    entered = {name: answer for name, answer in answers.items() if answer not in REFUSALS}
    assert entered == {}
    assert done.answers["queue"] == "EPERM"
    assert set(done.answers["own:fd"].split()) <= {"/dev/null", "pipe"}
    found = {name for name, text in secrets_of(site, kind).items() if done.holds(text)}
    known = set(secrets_of(site, kind))
    assert found == (OPEN_WITHOUT_USERS & known if site.way == "plain" else set()), done.log[-2000:]


def test_no_log_holds_a_secret_of_the_worker(site: Site, kind: str) -> None:
    """A build prints all that it is given: its environment, and that of all processes that it may see."""
    command = "env; set; cat /proc/*/environ 2>/dev/null | tr '\\\\0' '\\\\n'; cat /proc/*/cmdline 2>/dev/null; true"
    done = site.attempt_shell(kind, command)
    assert done.status == "succeeded"
    assert "WORKDIR=" in done.log
    for name, text in secrets_of(site, kind).items():
        if not name.startswith("victim"):
            assert not done.holds(text), name
