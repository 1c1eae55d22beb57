runner_type "loud" {
  run {
    path = "/bin/sh"
    args = ["-ec", "echo LOUD; $script"]
  }
}
