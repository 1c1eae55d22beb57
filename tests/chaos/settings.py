"""What a run is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`broker` is a key of `world.BROKERS`; `seconds` is how long things go wrong; times are seconds."""

    broker: str
    folder: Path
    seed: int
    builds: int = 60
    seconds: float = 40.0
    workers: int = 3
    servers: int = 2
    lease: float = 3.0
    heartbeat: float = 0.5
    patience: float = 120.0

    @property
    def kept(self) -> int:
        """Builds of each job that retention keeps: all that a run makes."""
        return self.builds + 200
