"""How the cost of what a server does grows with what it keeps: `make bench-growth`; see `docs/performance.md`."""
