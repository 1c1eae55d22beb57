"""Input resolution: which versions a build gets, and which builds a job needs now.

Pure functions over plain data. The store answers the lookups of `History`; everything else is arithmetic.
"""

from pikoci.internal.domain.inputs.model import (
    Build,
    Get,
    History,
    Input,
    Need,
    Pin,
    Resolution,
    Use,
)
from pikoci.internal.domain.inputs.resolve import new_builds, resolve
from pikoci.internal.domain.inputs.vain import VainSearches

__all__ = [
    "Build",
    "Get",
    "History",
    "Input",
    "Need",
    "Pin",
    "Resolution",
    "Use",
    "VainSearches",
    "new_builds",
    "resolve",
]
