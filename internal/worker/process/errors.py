"""What can go wrong with the machinery itself; a command's own failure is a result, not an error."""


class SpawnerError(Exception):
    """Child processes cannot be started now; the text says why, in one sentence."""
