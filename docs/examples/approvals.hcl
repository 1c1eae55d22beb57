# Builds that wait until people approve. One person approves "staging"; two approve "release" of production; somebody
# rejects "refused"; nobody looks at "forgotten".
#
#   job           ends as     its log has
#   staging       succeeded   "to staging"
#   production    succeeded   "to production"
#   refused       failed      "not on a Friday"
#   forgotten     failed      "in time"

# Instead of this command, most use a built-in type such as "slack" or "email".
notification_type "note" {
  notify "shell" {
    cmd = "echo \"to all testers: $NOTIFY_MESSAGE\""
  }
}

notification "note" "testers" {}

job "staging" {
  approve "test it" {
    # They hear of it when a build begins to wait; its page tells whether that was sent.
    notify "note" "testers" {
      message = "have a look at $BUILD_URL"
    }
  }

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["to staging"]
    }
  }
}

job "production" {
  # Of several, each must have its approvals.
  approve "release" {
    approvals = 2
    timeout   = "24h"
  }
  approve "tell the customers" {}

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["to production"]
    }
  }
}

job "refused" {
  approve "release" {}

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["never runs"]
    }
  }
}

job "forgotten" {
  approve "release" {
    timeout = "1s"
  }

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["never runs"]
    }
  }
}
