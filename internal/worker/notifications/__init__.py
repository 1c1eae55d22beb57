"""The notification types that every worker has. They run in the worker itself, and not as a build's user."""
