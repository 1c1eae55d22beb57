"""What a JSON Web Token says, for who holds it. Only the server can tell whether it is true."""

from __future__ import annotations

import base64
import json
from typing import Any

_PARTS = 3


def token_claims(token: str) -> dict[str, Any]:
    """The claims of a token, unchecked. Raises ValueError or TypeError for what is no token."""
    parts = token.strip().split(".")
    if len(parts) != _PARTS:
        raise ValueError("a token has three parts")
    return dict(json.loads(base64.urlsafe_b64decode(parts[1].encode() + b"=" * (-len(parts[1]) % 4))))
