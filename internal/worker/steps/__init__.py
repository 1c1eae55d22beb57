"""The kinds of steps, and what a build has for them."""
