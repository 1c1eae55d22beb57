# What a task says about itself: files before and after it, its time, its tries, and what it hands on.
#
#   job             ends as     its log has
#   build           succeeded   "this is 1.2.1" "try 3"
#     task flaky    succeeded
#   no-input        failed
#     task read     failed      "plan.txt"
#   no-output       failed
#     task write    failed      "report.txt"
#     task after    skipped
#   too-slow        failed
#     task sleep    failed      "timed out after 1s"

job "build" {
  # Whatever a task writes to $PIKOCI_OUTPUT is a variable for later steps.
  task "version" {
    outputs = ["version.txt"]
    run "shell" {
      cmd = <<-EOT
        echo "1.2.$BUILD_NUMBER" | tee version.txt
        echo "NUMBER=1.2.$BUILD_NUMBER" >> "$PIKOCI_OUTPUT"
      EOT
    }
  }

  task "show" {
    inputs = ["version.txt"]
    run "shell" {
      cmd = "echo \"this is $TASK_VERSION_NUMBER\""
    }
  }

  # The work directory stays as it is between two tries.
  task "flaky" {
    attempts = 3
    run "shell" {
      cmd = "echo x >> tries; echo \"try $(wc -l < tries)\"; test $(wc -l < tries) -eq 3"
    }
  }
}

job "no-input" {
  task "read" {
    inputs = ["plan.txt"]
    run "shell" {
      cmd = "echo 'never runs'"
    }
  }
}

job "no-output" {
  task "write" {
    outputs = ["report.txt"]
    run "shell" {
      cmd = "echo 'forgot to write it'"
    }
  }

  task "after" {
    run "exec" {
      path = "true"
    }
  }
}

job "too-slow" {
  task "sleep" {
    timeout = "1s"
    run "exec" {
      path = "sleep"
      args = ["600"]
    }
  }
}
