# A pipeline to look around with: it needs nothing but a shell.
#
#   pikoci pipeline validate configs/pipelines/hello.hcl
#
# `tick` makes a version every minute. Each one starts `hello`; what `hello` has passed starts `report`.

variable "who" {
  description = "Whom to greet."
  type        = string
  default     = "world"
}

resource "cron" "tick" {
  check_interval = "@every 1m"
}

job "hello" {
  get "cron" "tick" {
    trigger = true
  }

  task "greet" {
    run "shell" {
      cmd = <<-EOT
        echo "Hello, ${var.who}! This is build $BUILD_NUMBER of the job $BUILD_JOB_NAME."
        echo "The clock said $GET_TICK_DATE."
        mkdir out
        echo "Hello, ${var.who}!" > out/greeting.txt

        # Later steps see this as $TASK_GREET_LETTERS.
        echo "LETTERS=$(wc -c < out/greeting.txt | tr -d ' ')" >> "$PIKOCI_OUTPUT"
      EOT
    }
    outputs = ["out"]
  }

  task "count" {
    timeout = "30s"
    run "shell" {
      cmd = <<-EOT
        for number in 1 2 3 4 5; do
          echo "counting: $number"
          sleep 1
        done
        echo "The greeting has $TASK_GREET_LETTERS letters."
      EOT
    }
  }

  on_failure "shell" {
    cmd = "echo 'Something went wrong.'"
  }
}

# Runs with the ticks that went through `hello`, and only with those.
job "report" {
  get "cron" "tick" {
    trigger = true
    passed  = ["hello"]
  }

  task "machine" {
    run "shell" {
      cmd = <<-EOT
        echo "A report on this worker, for the tick of $GET_TICK_DATE:"
        uname -a
        uptime || true
        df -h . | tail -n 1
      EOT
    }
  }

  ensure "exec" {
    path = "echo"
    args = ["The report is done."]
  }
}

# Nothing starts this one but you: press the button, or trigger it from the command line.
job "by-hand" {
  task "dice" {
    attempts = 3
    run "shell" {
      cmd = <<-EOT
        dice=$(( $(od -An -N1 -tu1 /dev/urandom) % 6 + 1 ))
        echo "The dice shows $dice."
        test "$dice" -gt 2 # three attempts to get more than two
      EOT
    }
  }
}
