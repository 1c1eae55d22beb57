"""PikoCI: a small continuous integration system."""

__version__ = "0.1.0"
