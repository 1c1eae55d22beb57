"""The chaos suite: builds run while what they run on is killed, stopped and cut off; then everything is counted."""
