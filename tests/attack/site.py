"""A server with an embedded worker and a worker apart, the secrets that they have, and a way to run attempts."""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.attack import processes
from tests.services.nats import NatsServer
from tests.services.pikoci import PikociServer
from tests.services.worker import PikociWorker

PROBES = Path(__file__).with_name("probes")
LOCKS = "/run/pikoci-build-users"
WAYS = ("root", "rights", "plain")
KINDS = ("embedded", "apart")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RIGHTS = ("chown", "dac_override", "fowner", "kill", "setgid", "setuid", "sys_admin")
ENDS = ("succeeded", "failed", "errored", "cancelled")
#: Starts a program with a keyring of its session that holds a key, as a login or a service manager may give it one.
_WITH_KEY = """
import ctypes, os, platform, sys
add, control = {"x86_64": (248, 250)}.get(platform.machine(), (217, 219))
kernel = ctypes.CDLL(None).syscall
kernel(control, 1, None)
kernel(add, b"user", b"pikoci-attack", sys.argv[1].encode(), len(sys.argv[1]), -3)
os.execvp(sys.argv[2], sys.argv[2:])
"""
_IN_OWN_PLACE = 'mount --bind "$1" "$2"; shift 2; exec "$@"'

# Secrets of the processes.
JWT, DATABASE_PASSWORD, QUEUE_PASSWORD = "canary-jwt-secret-0123456789abcdef", "canary-db-password", "canary-queue"
#: In the keyring of their session.
SESSION_KEY = "canary-session-key"
# Secrets in files.
LOGIN, STORED = "canary-login", "canary-database-row"
#: What is set for a process of the product, with secrets.
Variables = Mapping[str, str]


class AttackedServer(PikociServer):
    """Started by a wrapper, with a clean environment and a log that builds cannot read."""

    def __init__(self, site: Site, flags: list[str], variables: Variables) -> None:
        super().__init__(site.folder("server"), flags)
        self.log = site.private("server.log")
        self._wrapper = site.wrapper(variables)

    def command(self) -> list[str]:
        return [*self._wrapper, *super().command()]


class AttackedWorker(PikociWorker):
    """As AttackedServer."""

    def __init__(self, site: Site, name: str, flags: list[str], variables: Variables) -> None:
        super().__init__(site.folder(name), flags)
        self.log = site.private(f"{name}.log")
        self._wrapper = site.wrapper(variables)

    def command(self) -> list[str]:
        return [*self._wrapper, *super().command()]


class Site:
    """All of it below `base`, which anybody may pass through. `way` says how server and worker run."""

    def __init__(self, base: Path, way: str, group: str, user: str) -> None:
        self.base, self.way, self.group, self.user = base, way, group, user
        base.mkdir(mode=0o711)
        base.chmod(0o711)
        self.builders = [one.pw_uid for one in pwd.getpwall() if one.pw_gid == grp.getgrnam(group).gr_gid]
        self.loot = base / "loot"
        self.loot.mkdir()
        self.loot.chmod(0o1777)
        self.gates = base / "gates"
        self.gates.mkdir()
        self.locks = self.folder("locks", 0o700)
        home = self.folder("home", 0o700)
        (home / ".config" / "pikoci").mkdir(parents=True, mode=0o700)
        (home / ".config" / "pikoci" / "client.json").write_text(json.dumps({"token": LOGIN}))
        (home / ".config" / "pikoci" / "client.json").chmod(0o600)
        self._own(*home.rglob("*"))
        Path(LOCKS).mkdir(mode=0o700, exist_ok=True)

        login = self.private("nats.conf")  # on its command line everybody would see the password
        login.write_text(f"authorization {{ user: pikoci, password: {json.dumps(QUEUE_PASSWORD)} }}\n")
        self.nats = NatsServer(f"--config={login}")
        queue = {
            "PUBSUB_SYSTEM": "nats",
            "NATS_SERVER_URL": self.nats.address,
            "QUEUE_USER": "pikoci",
            "QUEUE_PASSWORD": QUEUE_PASSWORD,
        }
        users = {} if way == "plain" else {"BUILD_USERS_GROUP": group}
        common = {**queue, **users, "CONCURRENCY": "2", "HOME": str(home), "PATH": PATH}
        self.database = self.folder("data") / "pikoci.db"
        flags = ["--db-system=sqlite", f"--db-name={self.database}", "--heartbeat-interval=500ms", "--lease=5s"]
        secrets = {"JWT_SECRET": JWT, "DB_PASSWORD": DATABASE_PASSWORD}
        self.server = AttackedServer(self, flags, {**common, **secrets})
        self.workdirs = {"embedded": self.server.folder / "worker", "apart": self.folder("apart") / "work"}
        self.common = common
        self.worker: AttackedWorker | None = None

    def folder(self, name: str, mode: int = 0o711) -> Path:
        """A directory of the worker's user."""
        path = self.base / name
        if not path.exists():
            path.mkdir()
            path.chmod(mode)
            self._own(path)
        return path

    def private(self, name: str) -> Path:
        """A path that only root gets at."""
        place = self.base / "private"
        place.mkdir(mode=0o700, exist_ok=True)
        return place / name

    def wrapper(self, variables: Variables) -> list[str]:
        """What starts a program as its user, with locks of this site's own, and nothing but these variables."""
        become = []
        if self.way != "root":
            one = pwd.getpwnam(self.user)
            become = ["setpriv", f"--reuid={one.pw_uid}", f"--regid={one.pw_gid}", "--clear-groups"]
        if self.way == "rights":
            rights = ",".join(f"+{name}" for name in RIGHTS)
            become += [f"--inh-caps={rights}", f"--ambient-caps={rights}", f"--bounding-set=-all,{rights}"]
        own_place = ["unshare", "--mount", "sh", "-ec", _IN_OWN_PLACE, "sh", str(self.locks), LOCKS]
        with_key = [sys.executable, "-I", "-S", "-c", _WITH_KEY, SESSION_KEY]
        return [*own_place, *become, *with_key, "env", "-i", *(f"{name}={value}" for name, value in variables.items())]

    def start(self) -> None:
        """Start server and worker, and wait for both."""
        self.server.start()
        made = self.server.post("/worker-tokens", {})
        self.worker_token = str(made["token"])
        self.worker = self.make_worker("apart", "apart")
        self.worker.start()
        self.worker.wait_for(lambda: "worker registered" in self._worker_text(), "the worker to register")

    def _worker_text(self) -> str:
        assert self.worker is not None
        return self.worker.text()

    def make_worker(self, name: str, *tags: str, token: str = "") -> AttackedWorker:
        """A worker that only takes what asks for its tags."""
        flags = [f"--name={name}", f"--tags={','.join(tags)}", "--exclusive-tags"]
        secrets = {"WORKER_TOKEN": token or self.worker_token, "PIKOCI_URL": self.server.url}
        return AttackedWorker(self, name, flags, {**self.common, **secrets})

    def stop(self) -> None:
        """Stop all."""
        if self.worker is not None:
            self.worker.stop()
        self.server.stop()
        self.nats.close()

    def _own(self, *paths: Path) -> None:
        if self.way != "root":
            one = pwd.getpwnam(self.user)
            for path in paths:
                os.chown(path, one.pw_uid, one.pw_gid)

    # what is there

    def worker_pid(self, kind: str) -> int:
        """The process that is a worker of this kind."""
        if kind == "apart":
            assert self.worker is not None
            assert self.worker.process is not None
            return self.worker.process.pid
        assert self.server.process is not None
        first = self.server.process.pid
        return next(pid for pid in processes.descendants(first) if processes.status(pid)["PPid"] == str(first))

    def own_processes(self, kind: str) -> dict[str, int]:
        """The product's processes behind a kind of worker, by what they are."""
        worker = self.worker_pid(kind)
        found = {"worker": worker}
        if kind == "embedded":
            assert self.server.process is not None
            found["arbiter"] = self.server.process.pid
        names = {"build-zygote": "zygote", "build-superv": "supervisor"}
        for pid in processes.descendants(worker):
            role = names.get(processes.status(pid).get("Name", ""))
            if role:
                found[role if role == "zygote" else f"{role}-{pid}"] = pid
        return found

    def files(self, kind: str) -> dict[str, str]:
        """The worker's files, by what they are."""
        work = self.workdirs[kind]
        named = {
            "identity": work / "identity.json",
            "lock": work / ".lock",
            "spool": work / "spool",
            "login": self.base / "home" / ".config" / "pikoci" / "client.json",
            "database": self.database,
            "database-wal": self.database.with_name("pikoci.db-wal"),
        }
        return {name: str(path) for name, path in named.items() if path.exists()}

    # what is done

    def set_pipeline(self, name: str, config: str, team: str = "main", variables: Variables | None = None) -> None:
        """Set a pipeline."""
        body = {"config": config, "vars": dict(variables or {})}
        answer = self.server.http.put(f"/api/v1/teams/{team}/pipelines/{name}", json=body)
        assert answer.is_success, answer.text

    def trigger(self, pipeline: str, job: str, team: str = "main") -> str:
        """Start a build; its number."""
        return str(self.server.post(f"/teams/{team}/pipelines/{pipeline}/jobs/{job}/builds", {})["number"])

    def attempt(self, kind: str, probe: str, targets: Mapping[str, Any], pipeline: str = "") -> Attempts:
        """Run a probe in a build, and wait for its end."""
        loot = self.loot / uuid.uuid4().hex
        command = self.probe(probe, {**targets, "loot": str(loot)})
        return self._run(kind, pipeline or f"{probe}-{kind}", command, loot)

    def attempt_shell(self, kind: str, script: str, pipeline: str = "") -> Attempts:
        """Run a script in a build, and wait for its end."""
        return self._run(kind, pipeline or f"shell-{kind}", ["/bin/sh", "-c", script], self.loot / "none")

    def probe(self, name: str, targets: Mapping[str, Any]) -> list[str]:
        """How a build runs a probe."""
        told = self.base / f"{uuid.uuid4().hex}.json"
        told.write_text(json.dumps({"rw": str(self.loot), "loot": str(self.loot / "none"), **targets}))
        return [sys.executable, "-B", "-E", "-s", str(PROBES / f"{name}.py"), str(told)]

    def _run(self, kind: str, pipeline: str, command: list[str], loot: Path) -> Attempts:
        self.set_pipeline(pipeline, job("attack", command, tags(kind)))
        return self.run(pipeline, "attack", loot)

    def run(self, pipeline: str, name: str, loot: Path | None = None, team: str = "main") -> Attempts:
        """Run a build of a pipeline that is set, and wait for its end."""
        number = self.trigger(pipeline, name, team)
        path = f"/teams/{team}/pipelines/{pipeline}/jobs/{name}/builds/{number}"

        def ended() -> Any:
            build = self.server.get(path)
            return build if build["status"] in ENDS else None

        build = self.server.wait_for(ended, f"{pipeline}/{name}#{number} to end", 60)
        log = self.server.http.get(f"/api/v1{path}/log").raise_for_status().text
        return Attempts(build, log, loot or self.loot / "none")


class Attempts:
    """What a probe said and brought home."""

    def __init__(self, build: Mapping[str, Any], log: str, loot: Path) -> None:
        self.status, self.log = str(build["status"]), log
        self.found = loot.read_bytes() if loot.exists() else b""
        lines = [line for line in log.splitlines() if line.startswith("ATTEMPT ")]
        #: What the system answered to each attempt: the name of an error, or what was had.
        self.answers: dict[str, str] = {}
        for line in lines:
            _, name, answer = line.split(" ", 2)
            self.answers[name] = answer

    def require_tried(self, *names: str) -> None:
        """Fail unless all were tried, and none by a probe that broke."""
        missing = [name for name in names if not any(answer.startswith(name) for answer in self.answers)]
        broken = {name: answer for name, answer in self.answers.items() if answer.startswith("broke")}
        assert (missing, broken) == ([], {}), f"not tried: {missing}; broke: {broken}; the log:\n{self.log[-3000:]}"

    def holds(self, text: str) -> bool:
        """Whether the text was brought home, or stands in the log."""
        return text.encode() in self.found or text in self.log


def tags(kind: str) -> str:
    """What a job has, for a worker of this kind to take it."""
    return 'tags = ["apart"]' if kind == "apart" else ""


def job(name: str, command: list[str], more: str = "") -> str:
    """A job with one task."""
    return f"""
job {json.dumps(name)} {{
  {more}
  task "run" {{
    run "exec" {{
      path = {json.dumps(command[0])}
      args = {json.dumps(command[1:])}
    }}
    timeout = "50s"
  }}
}}
"""


@contextmanager
def running_site(base: Path, way: str, group: str, user: str) -> Iterator[Site]:
    """A started site; the work directory of the worker apart is a small disk of its own. Removed at the end."""
    site = Site(base, way, group, user)
    small = site.workdirs["apart"]
    small.mkdir()
    small.chmod(0o700)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,nr_inodes=6000,mode=700", "tmpfs", small], check=True)
        site._own(small)
        site.start()
        yield site
    finally:
        site.stop()
