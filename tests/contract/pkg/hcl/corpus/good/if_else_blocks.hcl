job "x" {
  if "cond" {
    task "a" {}
  }
  else_if "other" {
    task "b" {}
  }
  else {
    task "c" {}
  }
}
