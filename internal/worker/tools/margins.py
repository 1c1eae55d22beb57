"""How long before a lease ends what ran under it is stopped: two attempts of a build never overlap."""

from __future__ import annotations


def stop_margin(lease: float, margin: float) -> float:
    """How long before its end a lease counts as lost: `margin` seconds, but a third of the lease at most."""
    return min(margin, lease / 3)


def kill_margin(lease: float, margin: float) -> float:
    """How long before the lease's end supervisors kill: after `kill_grace` is over, and with time to be done."""
    return stop_margin(lease, margin) * 0.25


def kill_grace(lease: float, margin: float, grace: float) -> float:
    """The seconds between SIGTERM and SIGKILL, so short that all is dead before the lease ends."""
    return min(grace, stop_margin(lease, margin) * 0.7)
