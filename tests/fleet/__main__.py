"""Hosts for a developer: `python -m tests.fleet up --hosts ci1,w1,w2` makes them and keeps them until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.fleet.base import base_tree
from tests.fleet.fleet import Fleet, remove_leftovers
from tests.fleet.kafka import checksum, kafka_archive
from tests.fleet.machine import FleetError, require_hosts
from tests.fleet.wheels import ROOT, built_wheels, originals, version_of, wheelhouse


def main() -> int:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description="Real hosts on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make hosts, print what Ansible needs, keep them until Ctrl-C or SIGTERM")
    up.add_argument("--hosts", required=True, metavar="NAME,NAME…", help="names of the hosts")
    up.add_argument("--group", action="append", default=[], metavar="GROUP=NAME,NAME…", help="repeatable")
    up.add_argument("--source", type=Path, default=ROOT, help="the tree that the wheels are built from [this one]")
    up.add_argument("--wheelhouse", type=Path, help="a folder of the requirements' wheels [a cached one]")
    up.add_argument("--kafka", action="store_true", help="pack Kafka's archive, too")
    commands.add_parser("prepare", help="make what every run needs: the base tree, wheels, Kafka's archive")
    commands.add_parser("clean", help="remove what killed runs left")
    options = parser.parse_args()
    try:
        require_hosts()
        return {"up": _up, "prepare": _prepare, "clean": _clean}[options.command](options)
    except FleetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _up(options: argparse.Namespace) -> int:
    signals = {signal.SIGINT, signal.SIGTERM}
    names = [name for name in options.hosts.split(",") if name]
    groups = {name: members.split(",") for name, _, members in (group.partition("=") for group in options.group)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which removes the hosts, too
    with Fleet() as fleet:
        wheel, after = built_wheels(options.source.resolve())
        offered: dict[str, str] = {
            "fleet_wheelhouse": str(options.wheelhouse or wheelhouse(options.source)),
            "fleet_wheel": str(wheel),
            "fleet_version": version_of(wheel),
            "fleet_wheel_after": str(after),
            "fleet_version_after": version_of(after),
        }
        if options.kafka:
            archive = kafka_archive()
            offered |= {"fleet_kafka_archive": str(archive), "fleet_kafka_checksum": checksum(archive)}
        fleet.add(*names)
        print(f"inventory: {fleet.inventory(groups, **offered)}")
        for host in fleet.hosts.values():
            print(f"{host.name}: {' '.join(fleet.ssh.command(host.address))}")
        print("up; Ctrl-C removes the hosts", flush=True)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        signal.sigwait(signals)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    return 0


def _prepare(_: argparse.Namespace) -> int:
    for made in (base_tree(), wheelhouse(), originals(), *built_wheels(), kafka_archive()):
        print(made)
    return 0


def _clean(_: argparse.Namespace) -> int:
    for run in remove_leftovers():
        print(f"removed run {run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
