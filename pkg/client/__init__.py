"""The API client that worker, command line and users share."""
