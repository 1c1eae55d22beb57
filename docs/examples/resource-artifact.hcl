# A directory that one job makes and others use, on any worker.
#
#   job     ends as     its log has
#   build   succeeded
#   try     succeeded   "it runs"
#   pack    succeeded   "package/bin/app.sh"

resource "artifact" "binary" {
  params {
    dir = "app"
  }
}

job "build" {
  task "compile" {
    outputs = ["out"]
    run "shell" {
      cmd = "mkdir out && echo 'echo it runs' > out/app.sh"
    }
  }

  put "artifact" "binary" {
    dir = "out"
  }
}

job "try" {
  get "artifact" "binary" {
    trigger = true
    passed  = ["build"]
  }

  task "run" {
    inputs = ["app"]
    run "shell" {
      cmd = "sh app/app.sh"
    }
  }
}

job "pack" {
  get "artifact" "binary" {
    trigger = true
    passed  = ["try"]
    params {
      dir = "package/bin"
    }
  }

  task "list" {
    run "shell" {
      cmd = "find package -type f"
    }
  }
}
