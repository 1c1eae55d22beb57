"""`pikoci worker`, and `pikoci run`: work without a server around it."""
