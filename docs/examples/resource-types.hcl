# Resource types of your own, made of three commands.
#
#   job       ends as     its log has
#   write     succeeded   "writing down: A thought."
#   read      succeeded   "A thought." "in German"
#   count     succeeded   "fetched from the cache" "keeps nothing"
#                         "the shelf was checked 1 time(s), by somebody"
#                         "the drawer was checked 0 time(s)"

variable "folder" {
  description = "Where notes are kept on the worker's machine."
}

resource_type "notes" {
  # The params that it takes; others are refused when the pipeline is set.
  params = ["folder", "language"]

  # Prints the versions, oldest first. The first check knows no `$version_number`, and prints the newest.
  check "shell" {
    cmd = <<-EOT
      cd "$param_folder"
      ls | sort -n | tail -n 1 | sed 's/.*/[{"number": "&"}]/'
    EOT
  }

  pull "shell" {
    cmd = "echo \"in $param_language\"; cp \"$param_folder/$version_number\" note.txt"
  }

  # What it prints on its last line is the new version. `$put_text` is a param of the put.
  push "shell" {
    cmd = <<-EOT
      echo "writing down: $put_text"
      number=$(( $(ls "$param_folder" | wc -l) + 1 ))
      echo "$put_text" > "$param_folder/$number"
      echo "{\"number\": \"$number\"}"
    EOT
  }
}

resource "notes" "diary" {
  check_interval = "@every 1h"
  params {
    folder   = var.folder
    language = "English"
  }
}

job "write" {
  put "notes" "diary" {
    params {
      text = "A thought."
    }
  }
}

job "read" {
  get "notes" "diary" {
    trigger = true
    passed  = ["write"]
    params { # in place of the resource's
      language = "German"
    }
  }

  task "show" {
    run "exec" {
      path = "cat"
      args = ["note.txt"]
    }
  }
}

# With a cache, commands have a directory $CACHE_DIR that this worker keeps for the resource. With a runner, all commands
# of the type run by it, in place of exec.
resource_type "counted" {
  cache = true

  runner "as" {
    who = "somebody"
  }

  check "exec" {
    path = "/bin/sh"
    args = [
      "-ec",
      <<-EOT
        test -z "$CACHE_DIR" || echo x >> "$CACHE_DIR/checks"
        echo "[{\"checks\": \"$(cat "$CACHE_DIR/checks" 2>/dev/null | wc -l)\", \"by\": \"$RUN_BY\"}]"
      EOT
    ]
  }

  pull "exec" {
    path = "/bin/sh"
    args = ["-ec", "test -z \"$CACHE_DIR\" && echo 'keeps nothing' || echo 'fetched from the cache'"]
  }
}

runner_type "as" {
  run {
    path = "env"
    args = ["RUN_BY=$who", "$path", "$args"]
  }
}

resource "counted" "shelf" {
  check_interval = "@every 1h"
}

resource "counted" "drawer" {
  check_interval = "@every 1h"
  cache          = false
}

job "count" {
  get "counted" "shelf" {}
  get "counted" "drawer" {}

  task "show" {
    run "shell" {
      cmd = <<-EOT
        echo "the shelf was checked $GET_SHELF_CHECKS time(s), by $GET_SHELF_BY"
        echo "the drawer was checked $GET_DRAWER_CHECKS time(s)"
      EOT
    }
  }
}
