"""Real programs that tests meet: a PostgreSQL server, Chromium, git. Each ends with the test run, however that ends."""
