a = "x ${b"
