"""The resources of the API: each method parses what is left to parse, calls one use case and renders its outcome."""
