"""Names of queues as every broker takes them."""

import hashlib
import re

MAX_LENGTH = 160
_KEPT = 120
_PLAIN = re.compile(rb"[A-Za-z0-9-]")


def safe_name(queue: str) -> str:
    """Write a queue's name with letters, digits, `-`, `_` and at most one dot; different names stay different.

    `jobs.gpu+vpn` becomes `jobs.gpu_2bvpn`. Raises ValueError for an empty name.
    """
    parts = [_escaped(part) for part in queue.split(".", 1)]
    if not all(parts):
        raise ValueError(f"{queue!r} is not a name for a queue: it is empty, or empty beside its dot")
    name = ".".join(parts)
    if len(name) <= MAX_LENGTH:
        return name
    return f"{name[:_KEPT]}__{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _escaped(text: str) -> str:
    return "".join(
        chr(byte) if _PLAIN.match(bytes([byte])) else f"_{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")
    )
