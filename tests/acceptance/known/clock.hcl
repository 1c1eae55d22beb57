# A clock that drives checks in parallel, artifacts, approvals, instances of a job, and hooks that fail.

resource "cron" "beat" {
  check_interval = "@every 1h"
}

resource "artifact" "report" {
  params {
    dir = "report"
  }
}

job "make" {
  get "cron" "beat" {
    trigger = true
  }
  in_parallel {
    task "times" {
      run "exec" {
        path = "/bin/sh"
        args = ["-ec", "mkdir -p out && date > out/times.txt"]
      }
    }
    task "words" {
      run "exec" {
        path = "/bin/sh"
        args = ["-ec", "mkdir -p out && echo words > out/words.txt"]
      }
    }
  }
  put "artifact" "report" {
    dir = "out"
  }
}

job "staging" {
  get "artifact" "report" {
    trigger = true
    passed  = ["make"]
  }
  get "cron" "beat" {
    passed = ["make"]
  }
  approve "release to staging" {}
  task "release" {
    run "exec" {
      path = "/bin/sh"
      args = ["-ec", "cat report/words.txt"]
    }
  }
}

job "production" {
  get "artifact" "report" {
    trigger = true
    passed  = ["make"]
  }
  approve "release to production" {
    approvals = 2
  }
  task "release" {
    run "exec" {
      path = "/bin/true"
    }
  }
}

job "verify" {
  for_each = toset(["style", "types"])
  get "cron" "beat" {
    trigger = true
    passed  = ["make"]
  }
  task "run" {
    run "exec" {
      path = "/bin/echo"
      args = ["verifying ${each.value}"]
    }
  }
}

job "after-style" {
  get "cron" "beat" {
    trigger = true
    passed  = ["verify--style"]
  }
  task "tell" {
    run "exec" {
      path = "/bin/true"
    }
  }
}

job "after-both" {
  get "cron" "beat" {
    trigger = true
    passed  = ["verify--style", "verify--types"]
  }
  task "tell" {
    run "exec" {
      path = "/bin/true"
    }
  }
}

job "broken" {
  get "cron" "beat" {
    trigger = true
    passed  = ["make"]
  }
  task "fail" {
    run "exec" {
      path = "/bin/sh"
      args = ["-ec", "exit 1"]
    }
  }
}

job "after-broken" {
  get "cron" "beat" {
    trigger = true
    passed  = ["broken"]
  }
  task "never" {
    run "exec" {
      path = "/bin/true"
    }
  }
}

job "watch" {
  get "cron" "beat" {
    trigger = true
    passed  = ["make"]
  }
  task "look" {
    run "exec" {
      path = "/bin/sh"
      args = ["-ec", "echo \"the version is $GET_BEAT_DATE\""]
    }
    on_success "exec" {
      path = "/bin/echo"
      args = ["seen"]
    }
    on_failure "exec" {
      path = "/bin/false"
    }
  }
  on_success "exec" {
    path = "/bin/false"
  }
  ensure "exec" {
    path = "/bin/echo"
    args = ["at the end"]
  }
}
