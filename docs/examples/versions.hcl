# Which versions a build gets: every one, the newest, or those that went through other jobs.
#
#   job             ends as     its log has
#   batch           succeeded
#   newest          succeeded   "this is 3"
#   make            succeeded
#   make #2         succeeded
#   make #3         succeeded
#   each            succeeded   "this is 1"
#   each #2         succeeded   "this is 2"
#   each #3         failed      "this is 3"
#   passed          succeeded   "1 has passed"
#   passed #2       succeeded   "2 has passed"
#   look            succeeded   "the newest is"
#   look #2         succeeded   "the newest is 3"

resource_type "counter" {
  push "shell" {
    cmd = "echo \"{\\\"number\\\": \\\"$BUILD_NUMBER\\\"}\""
  }

  pull "shell" {
    cmd = "echo \"this is $version_number\" > number"
  }
}

resource "counter" "numbers" {}

job "make" {
  put "counter" "numbers" {}
}

resource_type "batch" {
  # Makes three versions at once.
  push "shell" {
    cmd = "echo '[{\"number\": \"1\"}, {\"number\": \"2\"}, {\"number\": \"3\"}]'"
  }

  pull "shell" {
    cmd = "echo \"this is $version_number\" > number"
  }
}

resource "batch" "three" {}

job "batch" {
  put "batch" "three" {}
}

# One build for each version.
job "each" {
  get "counter" "numbers" {
    trigger = true
    passed  = ["make"]
    version = "every"
  }

  task "show" {
    run "shell" {
      cmd = "cat number; test \"$GET_NUMBERS_NUMBER\" != 3"
    }
  }
}

# One build, for the newest of those that came meanwhile.
job "newest" {
  get "batch" "three" {
    trigger = true
    version = "latest"
  }

  task "show" {
    run "exec" {
      path = "cat"
      args = ["number"]
    }
  }
}

# Only versions for which a build of `each` succeeded.
job "passed" {
  get "counter" "numbers" {
    trigger = true
    passed  = ["each"]
    version = "every"
  }

  task "show" {
    run "shell" {
      cmd = "echo \"$GET_NUMBERS_NUMBER has passed\""
    }
  }
}

# Without a trigger no version starts it: it takes the newest when somebody does.
job "look" {
  get "counter" "numbers" {}

  task "show" {
    run "shell" {
      cmd = "echo \"the newest is $GET_NUMBERS_NUMBER\""
    }
  }
}
