"""HCL2: parser, evaluator and functions."""
