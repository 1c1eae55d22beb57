"""A large pipeline that uses all that the language has, as a team with a hundred components would write it."""

from __future__ import annotations

HEADER = """\
env = {
  REGION   = "eu"
  REGISTRY = var.registry
}

variable "registry" {
  type    = string
  default = "registry.example.com"
}

variable "channel" {
  type        = string
  description = "Where releases go."
}

variable "vault_token" {
  type      = string
  sensitive = true
}

variable "password" {
  secret "store" {
    path = "secret/${var.channel}"
    key  = "password"
  }
}

secret_type "store" {
  source  = "pikoci://vault"
  address = "https://vault.example.com:8200"
  token   = var.vault_token
}

locals {
  image   = "${var.registry}/${lower(var.channel)}"
  zones   = toset(["north", "south"])
  systems = { debian = "bookworm", alpine = "3.22" }
}

locals {
  images = { for name, release in local.systems : name => "docker.io/library/${name}:${release}" }
}

runner_type "gently" {
  run {
    path = "nice"
    args = ["-n", "$level", "/bin/sh", "-ec", "$script", "script", "$args"]
  }
}

resource_type "feed" {
  params = ["url"]
  cache  = true

  runner "docker" {
    image = "docker.io/library/alpine:3.22"
  }
  check "exec" {
    path = "feed-check"
  }
  pull "exec" {
    path = "feed-pull"
    args = ["--quiet"]
  }
  push "exec" {
    path = "feed-push"
  }
}

service_type "database" {
  source = "pikoci://postgresql"
}

service_type "site" {
  params = ["greeting"]

  start "shell" {
    cmd        = "exec ./serve \\"$param_greeting\\""
    foreground = true
  }
  ready_check "shell" {
    cmd      = "./ready"
    interval = "200ms"
    timeout  = "30s"
  }
  stop "shell" {
    cmd = "./stop"
  }
}

notification_type "board" {
  params = ["room"]

  notify "shell" {
    cmd = "echo \\"$param_room: $NOTIFY_MESSAGE\\""
  }
}

resource "cron" "nightly" {
  check_interval = "CRON_TZ=Europe/Berlin 30 2 * * MON-FRI"
}

resource "trigger" "deploy" {}
"""

#: Ten jobs of one component, as a team writes them; `<n>` stands for its number.
COMPONENT = """\

resource "git" "source-<n>" {
  check_interval = "@every 5m"
  tags           = ["linux"]

  params {
    url    = "https://git.example.com/team/component-<n>.git"
    branch = var.channel
    paths  = ["src/**", "Makefile"]
    token  = var.password
  }
}

resource "feed" "news-<n>" {
  params {
    url = "https://feeds.example.com/component-<n>"
  }
}

resource "artifact" "binary-<n>" {}

notification "slack" "team-<n>" {
  message = "$BUILD_JOB_NAME #$BUILD_NUMBER of component <n>: $BUILD_STATUS"
  on      = ["failure", "error"]
  jobs    = ["compile-<n>", "check-<n>", "deploy-<n>"]

  params {
    webhook_url = "https://hooks.example.com/<n>"
  }
}

notification "board" "all-<n>" {
  on      = ["all"]
  exclude = ["lint-<n>"]

  params {
    room = "component-<n>"
  }
}

job "compile-<n>" {
  concurrency   = 2
  timeout       = "1h"
  tags          = ["linux", "large"]
  interruptible = true
  env           = { LEVEL = 3 }

  get "git" "source-<n>" {
    trigger = true
    params {
      depth = 50
    }
  }
  task "compile" {
    inputs   = ["source-<n>"]
    outputs  = ["out"]
    caches   = ["objects", "~/.cache/ccache"]
    timeout  = "30m"
    attempts = 2
    env      = { IMAGE = local.image, PASSWORD = var.password }

    run "shell" {
      cmd = <<-EOT
        set -eu
        cd "$WORKDIR/source-<n>"
        make all REGISTRY=${var.registry} NUMBER="$BUILD_NUMBER" OUT=../out
      EOT
    }
    on_failure "shell" {
      cmd = "cat source-<n>/build.log"
    }
  }
  put "artifact" "binary-<n>" {
    dir = "out"
  }
}

job "lint-<n>" {
  allow_failure = true

  get "git" "source-<n>" {
    trigger = true
  }
  task "lint" {
    run "gently" {
      level  = 10
      script = "cd source-<n> && make lint"
      args   = ["one", "two"]
    }
  }
}

job "check-<n>" {
  get "artifact" "binary-<n>" {
    trigger = true
    passed  = ["compile-<n>"]
  }
  in_parallel {
    limit     = 2
    fail_fast = true
    timeout   = "20m"

    task "unit" {
      run "shell" {
        cmd = "binary-<n>/app --self-test && echo RESULT=good >> \\"$PIKOCI_OUTPUT\\""
      }
    }
    task "style" {
      run "shell" {
        cmd = "binary-<n>/app --style"
      }
    }
  }
  if "good" {
    condition = "$TASK_UNIT_RESULT == 'good' && !($BUILD_NUMBER contains '.')"

    task "publish" {
      run "shell" {
        cmd = "binary-<n>/app --publish"
      }
    }
  }
  else_if {
    condition = "$TASK_UNIT_RESULT == 'poor'"

    task "warn" {
      run "shell" {
        cmd = "binary-<n>/app --warn"
      }
    }
  }
  else {
    notify "slack" "team-<n>" {
      message = "component <n> is not good: $TASK_UNIT_RESULT"
    }
  }
}

job "zones-<n>" {
  for_each = local.zones
  tags     = [each.key]

  get "artifact" "binary-<n>" {
    passed = ["check-<n>"]
  }
  task "try" {
    env = { ZONE = each.value }
    run "shell" {
      cmd = "binary-<n>/app --zone ${upper(each.key)}"
    }
  }
}

job "systems-<n>" {
  matrix {
    system = ["debian", "alpine"]
    level  = ["low", "high"]
  }

  get "artifact" "binary-<n>" {
    trigger = true
    passed  = ["zones-<n>"]
  }
  task "try" {
    run "docker" {
      image  = local.images[each.value.system]
      memory = "512m"
      cmd    = "binary-<n>/app --level ${each.value.level}"
    }
  }
}

job "services-<n>" {
  service "database" {
    ready_timeout = "2m"
  }
  service "site" {
    greeting = "hello from <n>"
  }
  get "artifact" "binary-<n>" {
    trigger = true
    passed  = ["compile-<n>"]
  }
  task "use" {
    run "shell" {
      cmd = "binary-<n>/app --database $SERVICE_DATABASE_URL"
    }
  }
  ensure "shell" {
    cmd = "cat site.log || true"
  }
}

job "news-<n>" {
  serial_groups = ["feeds"]

  get "feed" "news-<n>" {
    trigger = true
    version = "every"
  }
  on_trigger {
    notify "board" "all-<n>" {
      message = "There are news about component <n>."
    }
  }
  task "read" {
    run "exec" {
      path = "cat"
      args = ["news-<n>"]
    }
  }
  put "feed" "news-<n>" {
    title = "read"
  }
}

job "nightly-<n>" {
  priority = -10

  get "cron" "nightly" {
    trigger = true
  }
  get "git" "source-<n>" {}
  task "soak" {
    timeout = "6h"
    run "shell" {
      file = "source-<n>/soak.sh"
    }
    ensure {
      task "tidy" {
        run "shell" {
          cmd = "rm -rf state-<n>"
        }
      }
    }
  }
}

job "deploy-<n>" {
  concurrency            = 1
  serial_groups          = ["production-<n>"]
  requeue_on_worker_loss = false
  disable_retry          = true

  input "environment" {
    description = "Where to deploy"
    choices     = ["staging", "production"]
    default     = "staging"
  }
  input "dry-run" {
    type    = bool
    default = true
  }
  approve "release" {
    approvals = 2
    timeout   = "24h"

    notify "slack" "team-<n>" {
      message = "component <n> waits for you"
    }
  }
  get "artifact" "binary-<n>" {
    passed = ["systems-<n>", "services-<n>"]
  }
  get "trigger" "deploy" {
    trigger = true
  }
  task "deploy" {
    run "shell" {
      cmd = "binary-<n>/app --to \\"$INPUT_ENVIRONMENT\\" --image ${local.image}/component-<n>"
    }
  }
  on_success {
    notify "slack" "team-<n>" {
      message = "component <n> is out"
    }
  }
  on_cancel "shell" {
    cmd = "binary-<n>/app --undo"
  }
}

job "report-<n>" {
  get "git" "source-<n>" {
    trigger = true
    passed  = ["compile-<n>", "lint-<n>", "nightly-<n>"]
  }
  task "count" {
    run "shell" {
      cmd = "cd source-<n> && git rev-list --count HEAD"
    }
  }
  put "trigger" "deploy" {
    component = "component-<n>"
    size      = <n> * 2 + 1
  }
}
"""
#: Jobs that a component has, as they stand in the file; two of them stand for six.
JOBS = COMPONENT.count("\njob ")
#: Values of the variables that have no default.
VARIABLES = {"channel": "Stable", "vault_token": "hvs.not-a-token"}


def source(jobs: int) -> str:
    """The text of a pipeline with that many jobs in its file, in tens."""
    return HEADER + "".join(COMPONENT.replace("<n>", str(number)) for number in range(jobs // JOBS))
