"""Running child processes: started fast, stopped for certain, none left behind."""

from .command import DEFAULT_GRACE_SECONDS, Command, ExitResult, Reason, ResourceUsage
from .spawner import Sink, Spawner

__all__ = [
    "DEFAULT_GRACE_SECONDS",
    "Command",
    "ExitResult",
    "Reason",
    "ResourceUsage",
    "Sink",
    "Spawner",
]
