"""From a pipeline file to a typed, validated pipeline."""
