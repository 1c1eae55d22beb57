job "x" {
  in_parallel {
    limit = 2
    get "git" "a" {}
    get "git" "b" {}
    task "t" {
      run "shell" { cmd = "true" }
    }
  }
}
