"""`pikoci server`, and what an administrator makes for it: passwords' hashes and workers' tokens."""
