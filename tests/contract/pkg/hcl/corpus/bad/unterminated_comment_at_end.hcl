a = 1 /* what
