"""One bridge for a run's hosts, with a private subnet that this machine uses nowhere else."""

from __future__ import annotations

import ipaddress
import json
from contextlib import suppress
from pathlib import Path

from tests.fleet.machine import FleetError, call

SUBNETS = list(ipaddress.ip_network("10.213.0.0/16").subnets(new_prefix=24))
NAMESPACES = Path("/run/netns")


class Network:
    """A bridge, this machine's end at `.1`, and a namespace for every host, joined to it by a pair of interfaces."""

    def __init__(self, run: str) -> None:
        """Make the bridge. The caller holds a lock: two runs must not choose at once. Raises FleetError."""
        self.run = run
        self.bridge = bridge_name(run)
        self._subnet = _free_subnet(int(run, 16))
        self._hosts: list[str] = []
        call(["ip", "link", "add", self.bridge, "type", "bridge"])
        call(["ip", "address", "add", f"{self._subnet[1]}/{self._subnet.prefixlen}", "dev", self.bridge])
        call(["ip", "link", "set", self.bridge, "up"])

    @property
    def subnet(self) -> str:
        """The subnet, as `10.213.7.0/24`."""
        return str(self._subnet)

    def add(self, host: str) -> str:
        """Give a host a namespace with an interface in it; its address."""
        self._hosts.append(host)
        namespace, outside = self.namespace(host), self._interface(host)
        inside = f"{outside}i"
        call(["ip", "netns", "add", namespace])
        call(["ip", "link", "add", outside, "type", "veth", "peer", "name", inside])
        call(["ip", "link", "set", inside, "netns", namespace, "name", "eth0"])
        call(["ip", "link", "set", outside, "master", self.bridge, "up"])
        address = str(self._subnet[10 + len(self._hosts)])
        here = ["ip", "-n", namespace]
        call([*here, "address", "add", f"{address}/{self._subnet.prefixlen}", "dev", "eth0"])
        call([*here, "link", "set", "lo", "up"])
        call([*here, "link", "set", "eth0", "up"])
        return address

    def cut(self, host: str) -> None:
        """Take the cable out: what is sent to or by the host is lost from now on."""
        call(["ip", "link", "set", self._interface(host), "down"])

    def rejoin(self, host: str) -> None:
        """Plug the cable in again."""
        call(["ip", "link", "set", self._interface(host), "up"])

    def remove(self, host: str) -> None:
        """Take the host's namespace and interface away; its address is not given again."""
        call(["ip", "link", "delete", self._interface(host)])
        call(["ip", "netns", "delete", self.namespace(host)])

    def namespace(self, host: str) -> str:
        """Name the host's network namespace."""
        return f"{self.bridge}-{host}"

    def _interface(self, host: str) -> str:
        return f"{self.bridge}-{self._hosts.index(host)}"


def bridge_name(run: str) -> str:
    """Name a run's bridge; the names of its namespaces and interfaces begin with it."""
    return f"pf-{run}"


def remove_network(run: str) -> None:
    """Remove all of a run's namespaces and interfaces; what is gone already is no error."""
    prefix = f"{bridge_name(run)}-"
    if NAMESPACES.is_dir():
        for namespace in sorted(NAMESPACES.glob(f"{prefix}*")):
            call(["ip", "netns", "delete", namespace.name])
    for interface in _interfaces():
        if interface.startswith(prefix) or interface == bridge_name(run):
            with suppress(FleetError):  # it goes with its namespace, which the kernel empties when it likes
                call(["ip", "link", "delete", interface])


def _interfaces() -> list[str]:
    return [str(link["ifname"]) for link in json.loads(call(["ip", "-j", "link", "show"]))]


def _free_subnet(start: int) -> ipaddress.IPv4Network:
    """Choose a subnet that no route of this machine touches, from `start` on so that runs spread out."""
    routes = json.loads(call(["ip", "-j", "-4", "route", "show", "table", "all"]))
    used = [ipaddress.ip_network(route["dst"]) for route in routes if route["dst"] != "default"]
    for number in range(len(SUBNETS)):
        subnet = SUBNETS[(start + number) % len(SUBNETS)]
        if isinstance(subnet, ipaddress.IPv4Network) and not any(subnet.overlaps(other) for other in used):
            return subnet
    raise FleetError(
        "every subnet of 10.213.0.0/16 is in use on this machine: `python -m tests.fleet clean` ends old runs"
    )
