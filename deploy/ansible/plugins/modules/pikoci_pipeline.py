"""The module `pikoci_pipeline`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.pikoci_api import CONNECTION, Api, ApiError, finish

DOCUMENTATION = r"""
module: pikoci_pipeline
author: The PikoCI authors
version_added: 0.1.0
short_description: Sets or removes a pipeline of PikoCI
description:
  - Makes a pipeline what its file and variables say, whether it exists or not.
  - In check mode, and for the diff, the server itself says what would change.
extends_documentation_fragment: pikoci.fleet.pikoci
attributes:
  check_mode:
    description: The server is asked what would change; nothing is changed.
    support: full
  diff_mode:
    description: Shows jobs, resources and types that are added, removed or changed, with secrets masked.
    support: full
options:
  team:
    description: The team that the pipeline belongs to.
    type: str
    default: main
  name:
    description: The pipeline's name.
    type: str
    required: true
  state:
    description:
      - V(present) sets the pipeline.
      - V(absent) removes it with its builds, logs and versions.
    type: str
    choices: [present, absent]
    default: present
  config:
    description: The text of the pipeline's file. This or O(src) is needed to set a pipeline.
    type: str
  src:
    description: The pipeline's file, on the host that the module runs at.
    type: path
  vars:
    description: Values of the pipeline's variables.
    type: dict
    default: {}
  secret_vars:
    description: More values, which appear in no output. They win over O(vars).
    type: dict
    default: {}
  paused:
    description: Whether it starts no new builds; left as it is if not given.
    type: bool
  published:
    description: Whether everybody may see it; left as it is if not given.
    type: bool
"""

EXAMPLES = r"""
- name: Set a pipeline
  pikoci.fleet.pikoci_pipeline:
    url: https://ci.example.com
    user: deploy
    password: "{{ deploy_password }}"
    name: app
    config: "{{ lookup('ansible.builtin.file', 'app.hcl') }}"
    vars:
      branch: main
    secret_vars:
      git_token: "{{ git_token }}"
    published: true
  delegate_to: localhost

- name: Remove a pipeline and its history
  pikoci.fleet.pikoci_pipeline:
    url: https://ci.example.com
    token: "{{ token }}"
    name: app
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
changes:
  description: What was added, removed or changed in the pipeline, as the API's plan tells it.
  type: list
  elements: dict
  returned: when O(state=present)
  sample: [{"kind": "added", "what": "job", "name": "test", "details": []}]
pipeline:
  description: The pipeline as the API shows it; in check mode as it is now, null where there is none.
  type: dict
  returned: always
"""

#: What is to be switched: how it was and how it will be, in words, and the route that does it.
Switch = tuple[str, str, str]
#: An option, the field of the answer that it sets, and the routes that switch it on and off.
_SWITCHES = (("paused", "paused", "pause", "unpause"), ("published", "public", "publish", "unpublish"))


class PipelineModule:
    """One pipeline, and what is to become of it."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._options = module.params
        self._api = Api(module.params)
        self._address = ("teams", module.params["team"], "pipelines", module.params["name"])

    def run(self) -> dict[str, Any]:
        """Do what is asked; the module's result."""
        found = self._api.find(*self._address)
        if self._options["state"] == "absent":
            return self._remove(found)
        return self._set(found)

    def _remove(self, found: Any) -> dict[str, Any]:
        if found and not self._module.check_mode:
            self._api.delete(*self._address)
        shown = [f"pipeline {self._options['name']}"] if found else []
        gone = None if not self._module.check_mode else found and found["pipeline"]
        return {"changed": bool(found), "pipeline": gone, "diff": _diff(shown, [])}

    def _set(self, found: Any) -> dict[str, Any]:
        body = {"config": self._config(), "vars": {**self._options["vars"], **self._options["secret_vars"]}}
        changes = self._api.post(*self._address, "plan", body=body)["changes"]
        other_text = found is None or found["config"] != body["config"]
        switches = self._switches(found)
        if not self._module.check_mode:
            # Also where the plan is empty: a variable's value may be kept without being used.
            found = self._api.put(*self._address, body=body)
            for _, _, route in switches:
                self._api.post(*self._address, route)
            found = self._api.get(*self._address) if switches else found
        before, after = _lines(changes, switches)
        if other_text and not changes:
            after.append("another text of the file, with the same meaning")
        return {
            "changed": bool(changes or other_text or switches),
            "changes": changes,
            "pipeline": found and found["pipeline"],
            "diff": _diff(before, after),
        }

    def _switches(self, found: Any) -> list[Switch]:
        wanted = []
        for option, field, on, off in _SWITCHES:
            wish = self._options[option]
            if wish is not None and wish != bool(found and found["pipeline"][field]):
                wanted.append((f"{option}: {not wish}", f"{option}: {wish}", on if wish else off))
        return wanted

    def _config(self) -> str:
        if self._options["config"] is not None:
            return str(self._options["config"])
        if self._options["src"] is None:
            raise ApiError("the pipeline's file is missing: give `config` or `src`")
        path = Path(self._options["src"])
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ApiError(f"src: {path} cannot be read: {error}") from error


def _lines(changes: list[dict[str, Any]], switches: list[Switch]) -> tuple[list[str], list[str]]:
    """The plan as two texts whose difference a person can read."""
    before, after = [line for line, _, _ in switches], [line for _, line, _ in switches]
    for change in changes:
        title = f"{change['what']} {change['name']}"
        if change["kind"] == "added":
            after.append(title)
        elif change["kind"] == "removed":
            before.append(title)
        for detail in change["details"]:
            before.append(f"{title}: {detail['path']} = {detail['before']}")
            after.append(f"{title}: {detail['path']} = {detail['after']}")
    return before, after


def _diff(before: list[str], after: list[str]) -> dict[str, str]:
    return {"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)}


def main() -> None:
    """Run as Ansible runs modules."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            "team": {"type": "str", "default": "main"},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "str"},
            "src": {"type": "path"},
            "vars": {"type": "dict", "default": {}},
            "secret_vars": {"type": "dict", "default": {}, "no_log": True},
            "paused": {"type": "bool"},
            "published": {"type": "bool"},
        },
        mutually_exclusive=[("config", "src")],
        required_if=[("state", "present", ("config", "src"), True)],
        supports_check_mode=True,
    )
    finish(module, lambda found: PipelineModule(found).run())


if __name__ == "__main__":
    main()
