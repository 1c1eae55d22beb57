# Builds to run on a fleet. Templates, heredocs, functions and for_each are here as well, so that a host whose Python reads
# them wrongly can't set this file.

variable "line" {
  default = "ran build"
}

resource "artifact" "large" {}

resource "cron" "minute" {
  check_interval = "@every 1m"
}

# Shows that checks are run.
job "checked" {
  get "cron" "minute" {
    trigger = true
  }
  task "say" {
    run "shell" {
      cmd = "echo \"ran build $BUILD_ID\""
    }
  }
}

job "short" {
  task "say" {
    run "shell" {
      cmd = <<-EOT
        echo "${join(" ", [var.line, "$BUILD_ID"])}"
        sleep 1
      EOT
    }
  }
}

job "regional" {
  for_each = toset([for region in ["EU", "US"] : lower(region)])
  task "say" {
    run "shell" {
      cmd = <<-EOT
        %{for word in split(" ", var.line)~}
        echo "${word} %%{x} $${HOME} %{if each.key == "eu"}€%{else}$%{endif}"
        %{endfor~}
      EOT
    }
  }
}

# Goes on until somebody makes the file on its host.
job "held" {
  task "wait" {
    run "shell" {
      cmd = "echo \"ran build $BUILD_ID\"; until [ -e /run/release ]; do sleep 0.1; done"
    }
  }
}

job "held-spare" {
  tags = ["spare"]
  task "wait" {
    run "shell" {
      cmd = "until [ -e /run/release ]; do sleep 0.1; done"
    }
  }
}

job "on-w1" {
  tags = ["w1"]
  task "say" {
    run "shell" {
      cmd = "echo \"ran build $BUILD_ID\""
    }
  }
}

job "on-w2" {
  tags = ["w2"]
  task "say" {
    run "shell" {
      cmd = "echo \"ran build $BUILD_ID\""
    }
  }
}

job "on-gpu" {
  tags = ["gpu"]
  task "say" {
    run "shell" {
      cmd = "echo \"ran build $BUILD_ID\""
    }
  }
}

# Hands 100 MiB on, which nothing makes smaller.
job "pack" {
  task "make" {
    outputs = ["large"]
    run "shell" {
      cmd = "mkdir -p large; head -c 104857600 /dev/urandom >large/data; sha256sum large/data"
    }
  }
  put "artifact" "large" {
    dir = "large"
  }
}

job "unpack" {
  get "artifact" "large" {
    trigger = true
    passed  = ["pack"]
  }
  task "look" {
    inputs = ["large"]
    run "shell" {
      cmd = "sha256sum large/data"
    }
  }
}

# Says as whom it runs, and tries what no build may do.
job "reach" {
  task "try" {
    run "shell" {
      cmd = <<-EOT
        set +e
        echo "user $(id -un) groups $(id -Gn)"
        grep -h ^CapEff /proc/self/status
        echo "mounts $(readlink /proc/self/ns/mnt)"
        for file in /var/lib/pikoci-worker/jobs/work/identity.json /etc/pikoci/worker.secrets.env; do
            cat "$file" >/dev/null 2>&1 && echo "reads $file"
        done
        for status in $(grep -lE "^Uid:[[:space:]]+$(id -u pikoci-worker)[[:space:]]" /proc/[0-9]*/status); do
            process=$(dirname "$status")
            cat "$process/environ" >/dev/null 2>&1 && echo "reads $process/environ"
            kill -0 "$(basename "$process")" 2>/dev/null && echo "may signal $process"
            echo "tried $process"
        done
        touch /var/lib/pikoci-worker/jobs/work/cache/mine 2>/dev/null && echo "writes among caches"
        setsid sleep 1000 &
        echo "left $!"
      EOT
    }
  }
}
