"""Telling the server about a build: in order, exactly once in effect, across cuts and restarts."""
