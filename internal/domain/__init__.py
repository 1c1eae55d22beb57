"""Entities, the build's state machine and errors, in plain Python."""
