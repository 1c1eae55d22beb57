"""Where definitions that a pipeline takes from the web came from."""

from __future__ import annotations

import msgspec


class FetchedSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the definition of a type came from when the pipeline was set; `block` says of which kind it is."""

    block: str
    name: str
    address: str
    sha256: str
