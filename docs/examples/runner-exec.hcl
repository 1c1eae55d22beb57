# A program of the worker's machine, without a shell: nothing of an argument is expanded.
#
#   job     ends as     its log has
#   count   succeeded   "one file" "$HOME"

job "count" {
  task "make" {
    run "exec" {
      path = "touch"
      args = ["one file", "$HOME"]
    }
  }

  task "list" {
    run "exec" {
      path = "ls"
    }
  }
}
