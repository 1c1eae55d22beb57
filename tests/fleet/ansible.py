"""Play the playbooks as a user does, from their folder, and read what Ansible says about each host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.machine import FleetError
from tests.fleet.wheels import ROOT

PLAYBOOKS = ROOT / "deploy" / "ansible"
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
RECAP = re.compile(r"^(\S+) +: (ok=.*)$", re.MULTILINE)
PLAY_SECONDS = 900.0


def tell(line: str) -> None:
    """Show a line while tests run; of xdist's workers, only standard error is seen."""
    print(f"\n{line}", file=sys.stderr, flush=True)


class PlayError(FleetError):
    """A playbook failed; the text ends with its output."""


@dataclass(frozen=True)
class Played:
    """What a playbook printed, and its exit status."""

    output: str
    status: int

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The closing figures: host -> ok, changed, unreachable, failed and so on -> count."""
        _, _, closing = self.output.rpartition("PLAY RECAP")
        figures = {host: dict(pair.split("=") for pair in counts.split()) for host, counts in RECAP.findall(closing)}
        return {host: {name: int(count) for name, count in pairs.items()} for host, pairs in figures.items()}

    def changed(self) -> dict[str, int]:
        """The hosts on which something was changed, or would have been, with how many tasks did."""
        return {host: figures["changed"] for host, figures in self.recap.items() if figures["changed"]}


def play(playbook: str, inventory: Path, *options: str) -> Played:
    """Play it to the end. Raises PlayError when it fails."""
    played = attempt(playbook, inventory, *options)
    if played.status != 0:
        raise PlayError(f"{playbook} failed:\n{played.output[-8000:]}")
    return played


def attempt(playbook: str, inventory: Path, *options: str) -> Played:
    """Play it, whether it succeeds or not. Raises FleetError when it doesn't end in time."""
    settings = {
        "ANSIBLE_HOME": str(inventory.parent / "ansible"),
        "ANSIBLE_LOG_PATH": str(inventory.parent / "ansible.log"),  # to look at while it plays
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_VAULT_PASSWORD_FILE": str(inventory.parent / "vault-password"),
        "LC_ALL": "C.UTF-8",
    }
    began = time.monotonic()
    try:
        done = subprocess.run(
            [PROGRAM, "--inventory", inventory, playbook, *options],
            cwd=PLAYBOOKS,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PLAY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FleetError(f"{playbook} did not end within {PLAY_SECONDS:g} s:\n{error.output}") from error
    tell(f"{' '.join([playbook, *options])[:100]}: {time.monotonic() - began:.0f} s")
    return Played(done.stdout, done.returncode)
