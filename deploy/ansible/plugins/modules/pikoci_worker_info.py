"""The module `pikoci_worker_info`."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.pikoci_api import CONNECTION, Api, finish
from ..module_utils.pikoci_workers import wait_for, what_it_does

DOCUMENTATION = r"""
module: pikoci_worker_info
author: The PikoCI authors
version_added: 0.1.0
short_description: Tells of the workers of PikoCI, and waits until they work
description:
  - Gives the workers that the server knows, with what they run.
  - Can wait until named workers are connected and well, with a certain version where one is named.
extends_documentation_fragment: pikoci.fleet.pikoci
attributes:
  check_mode:
    description: It only reads. In check mode it does not wait.
    support: full
  diff_mode:
    description: It only reads.
    support: none
options:
  name:
    description: The workers' names; all workers if not given. One that the server does not know is left out.
    type: list
    elements: str
  wait:
    description: Whether to wait until each worker of O(name) sends heartbeats, and neither drains nor ends.
    type: bool
    default: false
  version:
    description: The version that O(wait) waits for; any if not given.
    type: str
  timeout:
    description: The longest wait for all workers together, in seconds.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: What do the workers run
  pikoci.fleet.pikoci_worker_info:
    url: https://ci.example.com
    user: admin
    password: "{{ pikoci_admin_password }}"
  register: fleet

- name: Wait for a worker that was started again
  pikoci.fleet.pikoci_worker_info:
    url: https://ci.example.com
    user: admin
    password: "{{ pikoci_admin_password }}"
    name: builder-3-jobs
    wait: true
    version: 0.2.0
"""

RETURN = r"""
workers:
  description: The workers as the API shows them.
  type: list
  elements: dict
  returned: always
  sample:
    - name: builder-3-jobs
      version: 0.2.0
      state: running
      wanted: ''
      queues: [jobs]
      concurrency: 8
      tags: []
      team: ''
      registered_at: '2026-01-05T15:07:26.053267Z'
      last_seen_at: '2026-01-05T15:09:11.204907Z'
      builds: []
      checks: 0
"""


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    api, options = Api(module.params), module.params
    if not options["wait"] or module.check_mode:
        found = list(api.items("workers"))
        names = options["name"]
        return {"changed": False, "workers": [one for one in found if names is None or one["name"] in names]}

    def is_well(_: dict[str, Any], now: dict[str, Any]) -> bool:
        wanted = options["version"] in {None, now["version"]}
        return wanted and now["state"] in {"running", "cordoned"} and now["wanted"] != "draining"

    unknown = {"state": "gone", "version": "", "wanted": "", "builds": [], "checks": 0}
    workers, missing = wait_for(
        api, [{"name": name, **unknown} for name in options["name"]], is_well, options["timeout"]
    )
    result: dict[str, Any] = {"changed": False, "workers": workers}
    if missing:
        version = f" with version {options['version']}" if options["version"] else ""
        running = "; ".join(what_it_does(worker) for worker in missing)
        result.update(failed=True, msg=f"not connected{version} after {options['timeout']} s: {running}")
    return result


def main() -> None:
    """Run as Ansible runs modules."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            "name": {"type": "list", "elements": "str"},
            "wait": {"type": "bool", "default": False},
            "version": {"type": "str"},
            "timeout": {"type": "int", "default": 120},
        },
        required_if=[("wait", True, ("name",))],
        supports_check_mode=True,
    )
    finish(module, run)


if __name__ == "__main__":
    main()
