"""`pikoci client`: the API from the command line."""

from pikoci.client.group import client

__all__ = ["client"]
