"""The module `pikoci_worker_drain`."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.pikoci_api import CONNECTION, Api, finish
from ..module_utils.pikoci_workers import find_workers, runs_nothing, wait_for, what_it_does

DOCUMENTATION = r"""
module: pikoci_worker_drain
author: The PikoCI authors
version_added: 0.1.0
short_description: Drains, cordons or uncordons workers of PikoCI, and waits
description:
  - Keeps new work from workers and waits until what they run has finished, so that their host can be worked on.
  - A drained worker's process ends. Where a service manager starts it again, it works again, which V(cordoned) avoids.
extends_documentation_fragment: pikoci.fleet.pikoci
attributes:
  check_mode:
    description: Says whether a worker would be asked; asks none, and waits for none.
    support: full
  diff_mode:
    description: Shows what the workers are asked to be, before and after.
    support: full
options:
  name:
    description: The workers' names.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(drained) lets the workers finish what they run, and end.
      - V(cordoned) lets them finish what they run and gives them nothing new until they are uncordoned, also after
        they were started again.
      - V(uncordoned) undoes V(cordoned).
    type: str
    choices: [drained, cordoned, uncordoned]
    default: drained
  ignore_missing:
    description: Whether workers that the server does not know are left out. They are an error otherwise.
    type: bool
    default: false
  wait:
    description: Whether to wait until the workers run nothing any more. V(uncordoned) waits for nothing.
    type: bool
    default: true
  timeout:
    description: The longest wait for all workers together, in seconds. What still runs then is left alone.
    type: int
    default: 900
"""

EXAMPLES = r"""
- name: Let a worker finish, and end
  pikoci.fleet.pikoci_worker_drain:
    url: https://ci.example.com
    user: admin
    password: "{{ pikoci_admin_password }}"
    name: builder-3-jobs
    timeout: 3600

- name: Keep new work from a host while its disk is exchanged
  pikoci.fleet.pikoci_worker_drain:
    url: https://ci.example.com
    user: admin
    password: "{{ pikoci_admin_password }}"
    name: [builder-3-jobs, builder-3-checks]
    state: cordoned
"""

RETURN = r"""
workers:
  description: The workers as the API shows them in the end.
  type: list
  elements: dict
  returned: always
timed_out:
  description: Whether a worker still ran something when the time was over.
  type: bool
  returned: on failure
"""

_ROUTES = {"drained": "drain", "cordoned": "cordon", "uncordoned": "uncordon"}


def run(module: AnsibleModule) -> dict[str, Any]:
    """Ask the workers that need asking, and wait; the module's result."""
    api, options = Api(module.params), module.params
    before = find_workers(api, options["name"], ignore_missing=options["ignore_missing"])
    asked = [worker for worker in before if _needs_asking(worker, options["state"])]
    if not module.check_mode:
        for worker in asked:
            api.post("workers", worker["name"], _ROUTES[options["state"]])
    waits = options["wait"] and options["state"] != "uncordoned" and not module.check_mode
    ended = _has_drained if options["state"] == "drained" else _is_idle
    workers, unfinished = wait_for(api, before, ended, options["timeout"] if waits else 0)
    result = {"changed": bool(asked), "workers": workers, "diff": _diff(before, asked, options["state"])}
    if waits and unfinished:
        result.update(failed=True, timed_out=True, msg=_too_late(unfinished, options["timeout"]))
    return result


def _needs_asking(worker: dict[str, Any], state: str) -> bool:
    if state == "drained":
        return worker["wanted"] != "draining" and worker["state"] not in {"draining", "ended", "stalled"}
    # A drain hides whether it is cordoned as well.
    return bool(worker["wanted"] != ("cordoned" if state == "cordoned" else ""))


def _has_drained(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether it is another process by now, or has nothing to do and ends."""
    if now["registered_at"] != before["registered_at"] and now["wanted"] != "draining":
        return True
    return now["state"] in {"draining", "ended", "stalled", "gone"} and runs_nothing(now)


def _is_idle(_: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether it obeyed, and nothing is left. One that is `running` has not heard of its cordon yet."""
    return now["state"] != "running" and runs_nothing(now)


def _too_late(unfinished: list[dict[str, Any]], timeout: int) -> str:
    running = "; ".join(what_it_does(worker) for worker in unfinished)
    return f"not drained after {timeout} s: {running}; wait longer with `timeout`, or cancel the builds"


def _diff(before: list[dict[str, Any]], asked: list[dict[str, Any]], state: str) -> dict[str, str]:
    old = [f"{worker['name']}: {worker['wanted'] or worker['state']}\n" for worker in before]
    names = {worker["name"] for worker in asked}
    new = [f"{one['name']}: {state}\n" if one["name"] in names else line for one, line in zip(before, old, strict=True)]
    return {"before": "".join(old), "after": "".join(new)}


def main() -> None:
    """Run as Ansible runs modules."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            "name": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": list(_ROUTES), "default": "drained"},
            "ignore_missing": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    finish(module, run)


if __name__ == "__main__":
    main()
