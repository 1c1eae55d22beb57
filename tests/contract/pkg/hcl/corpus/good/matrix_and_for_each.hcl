job "test" {
  matrix {
    version = ["3.11", "3.12"]
    os      = ["linux", "bsd"]
  }
  for_each = toset(["a", "b"])
  tags     = ["${each.key}"]
}
