"""Loops: due checks, inputs, dispatcher, sweeper, retention, deletion, last use."""

from pikoci.internal.scheduler.scheduler import Periods, Scheduler

__all__ = ["Periods", "Scheduler"]
