job "build" {
  concurrency = 2

  get "git" "source" {
    trigger = true
  }
  task "test" {
    run "shell" {
      cmd = "make test"
    }
  }
  get "git" "tools" {}
  put "git" "tag" {
    params = { tag = "v1" }
  }
  task "notify" {
    run "exec" { path = "/bin/true" }
  }
}
