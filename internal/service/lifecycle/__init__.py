"""The life of builds and checks: made, dispatched, claimed, reported, taken back, deleted."""
