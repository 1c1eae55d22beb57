"""The functions of the language, each with its signature and an example as docstring."""
