"""Single roles, each on a host of its own, without the rest of the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fleet.ansible import Played, attempt, play
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.machine import call

# A host's only group is named like the role that it gets. Hosts don't wait for one another.
PLAYBOOK = """\
- name: Play each host's role
  hosts: all
  become: true
  strategy: free
  tasks:
    - name: Play the role
      ansible.builtin.include_role:
        name: "{{ group_names | first }}"
        tasks_from: "{{ entry | default('main') }}"
"""


class Roles:
    """Hosts with one role each; `variables` may be changed between plays."""

    def __init__(self, fleet: Fleet, hosts: Mapping[str, str], **variables: Any) -> None:
        """Boot a host for each role. Raises FleetError."""
        self.fleet = fleet
        self.variables = variables
        self._hosts = dict(zip(hosts, fleet.add(*hosts.values()), strict=True))
        self._playbook = fleet.folder / "role.yml"
        self._playbook.write_text(PLAYBOOK)
        (fleet.folder / "vault-password").write_text("nothing is encrypted")

    def host(self, role: str) -> Host:
        """The host that has the role."""
        return self._hosts[role]

    def play(self, *options: str, **changes: Any) -> Played:
        """Play the roles, with some variables changed for this once. Raises PlayError."""
        return play(str(self._playbook), self._inventory(changes), *options)

    def attempt(self, *options: str, **changes: Any) -> Played:
        """Play the roles; they may fail."""
        return attempt(str(self._playbook), self._inventory(changes), *options)

    def uninstall(self, **changes: Any) -> Played:
        """Play the roles' way out."""
        return self.play("--extra-vars", "entry=uninstall", **changes)

    def _inventory(self, changes: dict[str, Any]) -> Path:
        groups = {role: [host.name] for role, host in self._hosts.items()}
        return self.fleet.inventory(groups, **{**self.variables, **changes})


def own_address(fleet: Fleet) -> str:
    """This machine's address, as the hosts see it."""
    return fleet.network.subnet.rpartition(".")[0] + ".1"


def make_certificate(folder: Path, *addresses: str) -> tuple[Path, Path]:
    """Make a certificate for hosts that are named by their addresses, and its key; their paths."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ",".join(f"IP:{address}" for address in addresses)
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=tests"]
    call(["openssl", "req", *kind, "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate])
    return certificate, key
