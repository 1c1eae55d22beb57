"""Running the plan of a build, step by step."""
