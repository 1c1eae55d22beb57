variable "url" {
  type = string
}

variable "gate" {
  type    = string
  default = "/"
}

resource "git" "app" {
  check_interval = "@every 10s"
  params {
    url    = var.url
    branch = "main"
  }
}

job "test" {
  get "git" "app" {
    trigger = true
  }

  task "unit" {
    run "shell" {
      cmd = <<-EOT
        cd app
        echo "testing $GET_APP_REF"
        while ! test -e ${var.gate}; do sleep 0.1; done
        sh ./run-tests.sh
        echo "COMMIT=$(git rev-parse HEAD)" >> "$PIKOCI_OUTPUT"
      EOT
    }
  }

  task "report" {
    run "shell" {
      cmd = "echo \"tested $TASK_UNIT_COMMIT in build $BUILD_NUMBER\""
    }
  }
}

job "package" {
  get "git" "app" {
    trigger = true
    passed  = ["test"]
  }

  task "archive" {
    outputs = ["dist"]
    run "shell" {
      cmd = "mkdir dist && git -C app archive --format=tar --output=../dist/app.tar HEAD"
    }
  }

  task "list" {
    inputs = ["dist"]
    run "exec" {
      path = "tar"
      args = ["-tf", "dist/app.tar"]
    }
  }
}
