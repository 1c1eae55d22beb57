"""`pikoci run`, with its way to a server: worker and client don't know one another."""

from __future__ import annotations

from pikoci.client.reproduction import fetch_build
from pikoci.worker.run import run

run.context_settings = {**run.context_settings, "obj": fetch_build}

__all__ = ["run"]
