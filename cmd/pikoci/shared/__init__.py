"""What the commands have in common: options, logs, the terminal, files that users name."""
