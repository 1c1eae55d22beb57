"""Loops: due checks, inputs, dispatcher, sweeper, retention, deletion."""

from pikoci.internal.scheduler.scheduler import Periods, Scheduler

__all__ = ["Periods", "Scheduler"]
