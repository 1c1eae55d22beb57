# Jobs for people to look at. `gated` goes on when the test says so.

resource "cron" "tick" {
  check_interval = "@every 1h"
}

job "greet" {
  get "cron" "tick" {}
  task "colours" {
    run "shell" {
      cmd = "printf '\\033[1;31mred\\033[0m <script>document.title = 1</script>\\nbad \\377 byte\\n10%%\\r100%%\\n'"
    }
  }
}

job "asking" {
  input "place" {
    description = "where it goes"
    choices     = ["staging", "production"]
    required    = true
  }
  input "count" {
    type    = number
    default = 3
  }
  task "tell" {
    run "shell" {
      cmd = "echo to $INPUT_PLACE $INPUT_COUNT times"
    }
  }
}

job "gated" {
  task "first" {
    run "shell" {
      cmd = <<-EOT
        printf 'gr\303'; sleep 0.3; printf '\274n \033[3'; sleep 0.3; printf '2mcolour\033[0m <b>\n'
        echo "folder $PWD"
        until [ -e go ]; do sleep 0.05; done
        echo "gone on"
      EOT
    }
  }
  task "second" {
    run "shell" {
      cmd = "echo the end"
    }
  }
}

job "approved" {
  approve "release <b>" {
    timeout = "1h"
  }
  task "go" {
    run "shell" {
      cmd = "echo gone"
    }
  }
}

job "endless" {
  task "wait" {
    run "shell" {
      cmd = "echo waiting; sleep 600"
    }
  }
}

job "flood" {
  task "much" {
    run "shell" {
      cmd = "sleep 1; seq 1 60000"
    }
  }
}

job "broken" {
  task "break" {
    run "shell" {
      cmd = "exit 3"
    }
  }
  task "never" {
    run "shell" {
      cmd = "echo no"
    }
  }
}
