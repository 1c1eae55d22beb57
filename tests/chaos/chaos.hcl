variable "folder" {
  type = string
}

variable "scripts" {
  type = string
}

notification_type "ask" {
  notify "shell" {
    cmd = "sleep 0.3"
  }
}

notification "ask" "all" {}

variable "password" {
  secret "file" {
    path = "${var.folder}/password.json"
    key  = "password"
  }
}

resource_type "beat" {
  params = ["name"]
  check "shell" {
    cmd = "exec sh ${var.scripts}/check.sh ${var.folder} \"$param_name\""
  }
}

resource "beat" "a" {
  check_interval = "@every 10s"
  params {
    name = "a"
  }
}

resource "beat" "b" {
  check_interval = "@every 10s"
  params {
    name = "b"
  }
}

resource "artifact" "made" {
  params {
    dir = "made"
  }
}

service_type "held" {
  start "shell" {
    cmd = "exec sh ${var.scripts}/service.sh ${var.folder}"
  }
  ready_check "shell" {
    cmd      = "if flock -n ${var.folder}/locks/service-$BUILD_ID true; then exit 1; fi"
    interval = "200ms"
  }
  stop "shell" {
    cmd = "if flock -n ${var.folder}/locks/service-$BUILD_ID true; then echo gone; exit 1; fi"
  }
}

job "short" {
  task "only" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} only 5 0"
    }
  }
}

job "long" {
  service "held" {}

  task "slow" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} slow $((8 + BUILD_ID % 12)) 0.25"
    }
  }
  task "quick" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} quick 3 0"
    }
  }
  ensure "shell" {
    cmd = "exec sh ${var.scripts}/step.sh ${var.folder} ensure 2 0"
  }
}

job "loud" {
  task "first" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} first 3000 0"
    }
  }
  task "second" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} second 10 0.1"
    }
  }
  task "third" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} third 3000 0"
    }
  }
}

job "serial" {
  concurrency = 1
  task "alone" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} alone 5 0.1 alone"
    }
  }
}

job "release" {
  approve "people" {
    notify "ask" "all" {}
  }

  task "release" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} release 5 0.1"
    }
  }
}

job "fails" {
  task "fail" {
    run "shell" {
      cmd = "sh ${var.scripts}/step.sh ${var.folder} fail 5 0.1; exit 3"
    }
  }
}

job "beside" {
  in_parallel {
    task "left" {
      run "shell" {
        cmd = "LOCK=left exec sh ${var.scripts}/step.sh ${var.folder} left 20 0.1"
      }
    }
    task "right" {
      env = { PASSWORD = var.password }
      run "shell" {
        cmd = "sh ${var.scripts}/read.sh ${var.folder} && LOCK=right exec sh ${var.scripts}/step.sh ${var.folder} right 10 0.1"
      }
    }
  }
  if "right" {
    condition = "$TASK_RIGHT_READ == 'whole'"
    task "whole" {
      run "shell" {
        cmd = "exec sh ${var.scripts}/step.sh ${var.folder} whole 3 0.1"
      }
    }
  }
}

job "make" {
  task "make" {
    outputs = ["out"]
    run "shell" {
      cmd = "mkdir -p out; echo \"$BUILD_ID\" > out/maker; exec sh ${var.scripts}/step.sh ${var.folder} make 3 0.1"
    }
  }
  put "artifact" "made" {
    dir = "out"
  }
}

job "use" {
  get "artifact" "made" {
    trigger = true
    passed  = ["make"]
    version = "every"
  }
  task "use" {
    inputs = ["made"]
    run "shell" {
      cmd = "echo \"made by $(cat made/maker)\"; exec sh ${var.scripts}/step.sh ${var.folder} use 3 0.1"
    }
  }
}

job "watch" {
  get "beat" "a" {
    trigger = true
  }
  task "watch" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} watch 3 0.1"
    }
  }
}

job "after" {
  get "beat" "a" {
    trigger = true
    passed  = ["watch"]
  }
  task "after" {
    run "shell" {
      cmd = "exec sh ${var.scripts}/step.sh ${var.folder} after 3 0.1"
    }
  }
}
