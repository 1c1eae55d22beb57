"""Benchmarks: figures, never tests with time limits."""
