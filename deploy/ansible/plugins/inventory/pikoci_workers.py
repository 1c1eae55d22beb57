"""The inventory plugin `pikoci_workers`."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ..module_utils.pikoci_api import CONNECTION, Api, ApiError

DOCUMENTATION = r"""
name: pikoci_workers
author: The PikoCI authors
version_added: 0.1.0
short_description: Lists the workers that are connected to PikoCI
description:
  - Each connected worker becomes a host, named as the worker is.
  - Its groups are C(pikoci_state_STATE), C(pikoci_queue_jobs), C(pikoci_queue_checks) and C(pikoci_tag_TAG).
  - Its variables are C(pikoci_name), C(pikoci_version), C(pikoci_state), C(pikoci_queues), C(pikoci_tags),
    C(pikoci_team), C(pikoci_concurrency), C(pikoci_last_seen_at), and how many C(pikoci_builds) and C(pikoci_checks) it
    runs.
  - The file's name ends in C(pikoci_workers.yml) or C(pikoci_workers.yaml).
extends_documentation_fragment:
  - constructed
  - pikoci.fleet.pikoci
options:
  plugin:
    description: Names this plugin.
    type: str
    required: true
    choices: [pikoci_workers, pikoci.fleet.pikoci_workers]
  url:
    env: [{name: PIKOCI_URL}]
  token:
    env: [{name: PIKOCI_TOKEN}]
  user:
    env: [{name: PIKOCI_USER}]
  password:
    env: [{name: PIKOCI_PASSWORD}]
  stalled:
    description: Whether workers are listed, too, that have been silent for a lease.
    type: bool
    default: false
"""

EXAMPLES = r"""
# farm.pikoci_workers.yml; PIKOCI_USER and PIKOCI_PASSWORD log in
plugin: pikoci.fleet.pikoci_workers
url: https://ci.example.com
compose:
  # The roles name workers HOST-INSTANCE: this is the host.
  ansible_host: pikoci_name | regex_replace('-[^-]+$', '')
groups:
  old: pikoci_version != '0.2.0'
"""


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Workers as hosts."""

    NAME = "pikoci_workers"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name says that it is for this plugin."""
        return super().verify_file(path) and path.endswith(("pikoci_workers.yml", "pikoci_workers.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory. Raises AnsibleParserError where the server refuses or does not answer."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        options = {name: self.get_option(name) for name in CONNECTION}
        try:
            workers = list(Api(options).items("workers"))
        except ApiError as error:
            raise AnsibleParserError(f"{path}: {error}") from error
        for worker in workers:
            if worker["state"] != "stalled" or self.get_option("stalled"):
                self._add(worker)

    def _add(self, worker: dict[str, Any]) -> None:
        name = self.inventory.add_host(worker["name"])
        variables = {f"pikoci_{key}": worker[key] for key in _KEPT} | {"pikoci_builds": len(worker["builds"])}
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        # Each set of tags has a queue, named `jobs.TAG+TAG`: what is of interest are jobs or checks.
        queues = {queue.partition(".")[0] for queue in worker["queues"]}
        groups = [f"state_{worker['state']}", *(f"queue_{one}" for one in queues)]
        for group in [*groups, *(f"tag_{one}" for one in worker["tags"])]:
            made = self.inventory.add_group(self._sanitize_group_name(f"pikoci_{group}"))
            self.inventory.add_child(made, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


_KEPT = ("name", "version", "state", "queues", "tags", "team", "concurrency", "checks", "last_seen_at")
