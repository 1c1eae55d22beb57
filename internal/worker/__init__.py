"""Consume, claim, execute, ship logs, drain."""
