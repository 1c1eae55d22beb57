"""Loops: due checks, inputs, dispatcher, sweeper, retention."""
