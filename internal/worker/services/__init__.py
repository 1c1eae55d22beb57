"""The services built into the worker: processes of its machine that listen on 127.0.0.1."""
