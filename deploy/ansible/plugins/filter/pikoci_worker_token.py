"""The filter `pikoci_worker_token`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: pikoci_worker_token
author: The PikoCI authors
version_added: 0.1.0
short_description: Makes the token of PikoCI's workers from the server's secret
description:
  - The same secret, team and serial always give the same token, so that a second run changes nothing.
  - Workers get the token, never the secret. It needs nothing but Python on the control machine.
  - The token does not expire. It ends with the secret, or when it is revoked by its id.
positional: _input, team, serial, tags
options:
  _input:
    description: The server's secret (C(JWT_SECRET)), of 32 bytes or more.
    type: str
    required: true
  team:
    description: The token opens this team's work only; every team's if empty.
    type: str
    default: ''
  serial:
    description: Another number gives another token, to take the place of one that is to be revoked.
    type: int
    default: 1
  tags:
    description: The tags that its worker may have; any if they are not given.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: A token for every team's work
  ansible.builtin.set_fact:
    token: "{{ pikoci_jwt_secret | pikoci.fleet.pikoci_worker_token }}"

- name: The second token of one team's workers
  ansible.builtin.set_fact:
    token: "{{ pikoci_jwt_secret | pikoci.fleet.pikoci_worker_token(team='mobile', serial=2) }}"

- name: A token for the one machine that deploys
  ansible.builtin.set_fact:
    token: "{{ pikoci_jwt_secret | pikoci.fleet.pikoci_worker_token(tags=['deploy']) }}"
"""

RETURN = r"""
_value:
  description: The token, a JWT signed with HS256.
  type: str
"""

#: What the server's own check of secrets asks for.
SHORTEST_SECRET = 32
#: 2025-01-01; fixed, so that a token is made the same way every day, and never from the future.
_ISSUED_AT = 1_735_689_600
#: 128 bits, as the ids that the server makes.
_ID_LENGTH = 32
_TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
MOST_TAGS = 20
_TEAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", re.ASCII)


def pikoci_worker_token(secret: object, team: object = "", serial: object = 1, tags: object = None) -> str:
    """The token of the workers of this team (empty: of every team), which may have these `tags` (None: any).

    Raises AnsibleFilterError, which never shows the secret.
    """
    if not isinstance(secret, str) or len(secret.encode()) < SHORTEST_SECRET:
        raise AnsibleFilterError(
            f"pikoci_worker_token: the secret must be a text of {SHORTEST_SECRET} bytes or more; "
            "make one with `openssl rand -base64 48`"
        )
    if not isinstance(team, str) or (team and _TEAM.fullmatch(team) is None):
        raise AnsibleFilterError(f"pikoci_worker_token: {str(team)[:100]!r} is not the name of a team")
    if isinstance(serial, bool) or not isinstance(serial, int):
        raise AnsibleFilterError(f"pikoci_worker_token: the serial must be a whole number, not {str(serial)[:100]!r}")
    known = None if tags is None else _tags(tags)
    key = secret.encode()
    about = f"pikoci worker token\n{team}\n{serial}" + ("" if known is None else "\n" + ",".join(known))
    claims: dict[str, object] = {
        "sub": "worker",
        "team": str(team),
        "jti": _keyed(key, about.encode()).hex()[:_ID_LENGTH],
        "aud": "pikoci-worker",
        "typ": "worker",
        "iat": _ISSUED_AT,
    }
    if known is not None:
        claims["tags"] = known
    unsigned = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{unsigned}.{_base64url(_keyed(key, unsigned.encode()))}"


def _tags(tags: object) -> list[str]:
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in tags):
        raise AnsibleFilterError(f"pikoci_worker_token: {str(tags)[:100]} is not a list of tags")
    if len(set(tags)) > MOST_TAGS:
        raise AnsibleFilterError(
            f"pikoci_worker_token: a token carries at most {MOST_TAGS} tags; make another for the rest"
        )
    return sorted(set(tags))


def _keyed(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _encoded(part: dict[str, object]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":"), sort_keys=True).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters of this file, by name."""
        return {"pikoci_worker_token": pikoci_worker_token}
