# Builds that wait until people approve. One person approves "staging"; two approve "release" of production; somebody
# rejects "refused"; nobody looks at "forgotten".
#
#   job           ends as     its log has
#   staging       succeeded   "staging #1 is ready to be tested" "to staging"
#   production    succeeded   "to production"
#   refused       failed      "not on a Friday"
#   forgotten     failed      "in time"

variable "folder" {
  description = "A directory of the worker, for messages."
}

notification_type "note" {
  notify "shell" {
    cmd = "echo \"$NOTIFY_MESSAGE\" > ${var.folder}/new-note && mv ${var.folder}/new-note ${var.folder}/note"
  }
}

notification "note" "testers" {}

job "staging" {
  approve "test it" {
    # Sent when the build begins to wait.
    notify "note" "testers" {
      message = "$BUILD_JOB_NAME #$BUILD_NUMBER is ready to be tested"
    }
  }

  task "deploy" {
    run "shell" {
      cmd = "cat ${var.folder}/note; echo 'to staging'"
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
