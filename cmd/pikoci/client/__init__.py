"""`pikoci client`, the API from the command line, and `pikoci pipeline`, what needs no server of it."""
