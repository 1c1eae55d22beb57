"""Running child processes: started fast, stopped for certain, none left behind."""

from pikoci.internal.worker.process.command import DEFAULT_GRACE_SECONDS, Command, ExitResult, Reason, ResourceUsage
from pikoci.internal.worker.process.deadline import Deadline
from pikoci.internal.worker.process.errors import SpawnerError
from pikoci.internal.worker.process.execution import Sink
from pikoci.internal.worker.process.spawner import Spawner
from pikoci.internal.worker.process.supervision.messages import User
from pikoci.internal.worker.process.sweep import sweep_leftovers

__all__ = [
    "DEFAULT_GRACE_SECONDS",
    "Command",
    "Deadline",
    "ExitResult",
    "Reason",
    "ResourceUsage",
    "Sink",
    "Spawner",
    "SpawnerError",
    "User",
    "sweep_leftovers",
]
