# A resource type of your own, made of three commands. This one keeps numbered notes in a directory of the worker.

variable "directory" {
  type    = string
  default = "/tmp/pikoci-notes"
}

resource_type "notes" {
  params = ["directory"]

  # Prints a JSON array of versions, oldest first. `$version_number` is the newest one known; the first check knows
  # none, and answers with the newest only.
  check "shell" {
    cmd = <<-EOT
      mkdir -p "$param_directory"
      latest=$(ls "$param_directory" | sort -n | tail -n 1)
      if [ -z "$latest" ]; then
        echo '[]'
      elif [ -z "$version_number" ]; then
        echo "[{\"number\": \"$latest\"}]"
      else
        ls "$param_directory" | sort -n | awk -v known="$version_number" '
          BEGIN { printf "[" }
          $1 > known + 0 { printf "%s{\"number\": \"%s\"}", comma, $1; comma = ", " }
          END { print "]" }'
      fi
    EOT
  }

  # Fetches the version `$version_*` into the work directory.
  pull "shell" {
    cmd = "cp \"$param_directory/$version_number\" note.txt"
  }

  # Publishes, and prints the version that it made on its last line. `$put_text` is a param of the put step.
  push "shell" {
    cmd = <<-EOT
      mkdir -p "$param_directory"
      number=$(( $(ls "$param_directory" | sort -n | tail -n 1) + 1 ))
      echo "$put_text" > "$param_directory/$number"
      echo "{\"number\": \"$number\"}"
    EOT
  }
}

resource "notes" "diary" {
  check_interval = "@every 10s"

  params {
    directory = var.directory
  }
}

job "write" {
  put "notes" "diary" {
    text = "A thought."
  }
}

job "read" {
  get "notes" "diary" {
    trigger = true
    passed  = ["write"]
  }

  task "show" {
    run "exec" {
      path = "cat"
      args = ["note.txt"]
    }
  }
}
