"""Checking, pulling and pushing resources: types built in, and those that a pipeline defines."""
