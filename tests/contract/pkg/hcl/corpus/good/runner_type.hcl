runner_type "python" {
  run {
    path = "python3"
    args = ["-c", "$code", "$args"]
  }
}
