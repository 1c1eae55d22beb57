"""A build that others attack while it runs, and that tells at its end whether it is whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attack import processes
from tests.attack.site import ENDS, Site, tags

#: Secrets of the victim, by where they are.
SECRETS = {place: f"canary-victim-{place}" for place in ("environment", "file", "temporary", "script", "export")}
_CONFIG = """
job "victim" {{
  {tags}
  task "hold" {{
    run "shell" {{
      cmd = <<-EOT
        # {secrets[script]}
        [ -n "$SECRET" ] || SECRET={secrets[environment]} exec /bin/sh -e "$0"
        echo {secrets[file]} > kept
        echo {secrets[temporary]} > "$TMPDIR/kept"
        echo KEY={secrets[export]} > "$PIKOCI_OUTPUT"
        echo "victim holds"
        while ! test -e {gate}; do sleep 0.05; done
        echo "whole: $(cat kept) $(cat "$TMPDIR/kept")"
      EOT
    }}
  }}
  task "end" {{
    run "shell" {{
      cmd = "echo exported: $TASK_HOLD_KEY"
    }}
  }}
}}
"""


class Victim:
    """A running build, seen from outside."""

    def __init__(self, site: Site, kind: str) -> None:
        self._site = site
        self.pipeline = f"victim-{kind}-{uuid.uuid4().hex[:8]}"
        self._gate = site.gates / self.pipeline
        site.set_pipeline(self.pipeline, _CONFIG.format(tags=tags(kind), secrets=SECRETS, gate=self._gate))
        self.number = site.trigger(self.pipeline, "victim")
        site.server.wait_for(lambda: "victim holds" in self.log(), "the victim to run")
        worker = site.worker_pid(kind)
        #: The shell, and what it runs.
        self.pids = [pid for pid in processes.descendants(worker) if "/bin/sh" in processes.command_line(pid)]
        self.pid = next(pid for pid in self.pids if self._kept(pid).is_file())
        self.root = Path(f"/proc/{self.pid}/cwd").readlink().parent

    def _kept(self, pid: int) -> Path:
        return Path(f"/proc/{pid}/cwd/kept")

    @property
    def files(self) -> list[str]:
        """Every file of the build."""
        return [str(path) for path in self.root.rglob("*") if path.is_file()]

    def log(self) -> str:
        """Its log so far."""
        return self._site.server.build_log(self.pipeline, "victim", self.number)

    def finish(self) -> str:
        """Let it end; its log."""
        self._gate.touch()
        self._site.server.wait_for_build(self.pipeline, "victim", self.number, *ENDS)
        return self.log()

    def is_whole(self) -> bool:
        """Let it end, and tell whether it had all that it had written."""
        log = self.finish()
        whole = f"whole: {SECRETS['file']} {SECRETS['temporary']}"
        return whole in log and f"exported: {SECRETS['export']}" in log


@contextmanager
def running_victim(site: Site, kind: str) -> Iterator[Victim]:
    """A victim that runs; ended at the end."""
    victim = Victim(site, kind)
    try:
        yield victim
    finally:
        victim._gate.touch()
        site.server.wait_for_build(victim.pipeline, "victim", victim.number, *ENDS)
