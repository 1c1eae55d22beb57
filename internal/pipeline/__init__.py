"""Pipeline files: text to a typed, validated, expanded pipeline, and what changes from one to the next."""

from pikoci.internal.pipeline.load import Loaded, load, load_or_raise

__all__ = ["Loaded", "load", "load_or_raise"]
