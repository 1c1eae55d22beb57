"""The queue backends and the interface that they share."""
