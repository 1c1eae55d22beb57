secret_type "dice" {
  get "shell" {
    cmd = "echo \"{\\\"word\\\": \\\"$param_path-and-more\\\"}\""
  }
}
