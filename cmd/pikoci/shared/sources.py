"""Fetching the definitions that pipeline files take from the web, in the server and for people at a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from pikoci.internal.pipeline import Fetched, addresses

#: For one definition, and for all of a file together.
_SECONDS, _ALL_SECONDS = 10.0, 30.0


def fetch_sources(wanted: Sequence[str], *, private: bool) -> Mapping[str, Fetched]:
    """What each address holds, or why that is not known; one after another. With `private`, from any host."""
    from pikoci.pkg.fetching import FetchError, fetch  # which takes longer to load than most files to read

    deadline = time.monotonic() + _ALL_SECONDS
    found = {}
    for address in wanted:
        seconds = min(_SECONDS, deadline - time.monotonic())
        if seconds <= 0:
            found[address] = Fetched(problem=f"the sources before it took {_ALL_SECONDS:g} seconds")
            continue
        try:
            found[address] = Fetched(content=fetch(address, private=private, seconds=seconds))
        except FetchError as error:
            found[address] = Fetched(problem=str(error), hint=error.hint)
    return found


def fetch_for(config: str) -> Mapping[str, Fetched]:
    """All that a file takes from the web, on the machine of the person who has the file."""
    return fetch_sources(addresses(config), private=True)
