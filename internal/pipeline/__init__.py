"""Pipeline files: text to a typed, validated, expanded pipeline, and what changes from one to the next."""

from pikoci.internal.pipeline.changes import render_diff
from pikoci.internal.pipeline.description import description
from pikoci.internal.pipeline.diff import Change, Detail, diff
from pikoci.internal.pipeline.formatting import formatted
from pikoci.internal.pipeline.load import Loaded, load, load_or_raise
from pikoci.internal.pipeline.reference import reference

__all__ = [
    "Change",
    "Detail",
    "Loaded",
    "description",
    "diff",
    "formatted",
    "load",
    "load_or_raise",
    "reference",
    "render_diff",
]
