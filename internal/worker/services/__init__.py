"""The services built into the worker: what each is, here and in a container; all listen on 127.0.0.1 alone."""
