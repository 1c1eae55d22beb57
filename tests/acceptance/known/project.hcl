# A project in git: two jobs look at each commit, a third one needs both; releases of a serial group follow.

variable "url" {
  type = string
}

variable "name" {
  type    = string
  default = "project"
}

resource "git" "source" {
  params {
    url  = var.url
    name = var.name
  }
}

job "style" {
  get "git" "source" {
    trigger = true
  }
  task "style" {
    run "shell" {
      cmd = "cd ${var.name} && sh -n answer.sh"
    }
  }
}

job "test" {
  get "git" "source" {
    trigger = true
  }
  task "test" {
    run "shell" {
      cmd = "cd ${var.name} && sh run-tests.sh"
    }
  }
}

job "build" {
  get "git" "source" {
    trigger = true
    passed  = ["style", "test"]
  }
  task "build" {
    run "shell" {
      cmd = "cd ${var.name} && TAG=$(git rev-parse --short HEAD) && VERSION=$${TAG#v} && echo \"built $VERSION\""
    }
  }
  ensure {
    task "clean" {
      run "shell" {
        cmd = "echo cleaned"
      }
    }
  }
}

job "release-staging" {
  serial_groups = ["release"]
  get "git" "source" {
    trigger = true
    passed  = ["build"]
  }
  task "release" {
    run "exec" {
      path = "./project/run-tests.sh"
    }
  }
  on_failure "shell" {
    cmd = "echo 'not released'"
  }
}

job "release-production" {
  serial_groups = ["release"]
  get "git" "source" {
    passed = ["release-staging"]
  }
  task "release" {
    run "shell" {
      cmd = "echo released"
    }
  }
}
