# Builds that wait until people approve. One person approves "staging"; two approve "release" of production; somebody
# rejects "refused"; nobody looks at "forgotten".
#
#   job           ends as     its log has
#   staging       succeeded   "to staging"
#   production    succeeded   "to production"
#   refused       failed      "not on a Friday"
#   forgotten     failed      "in time"

job "staging" {
  approve "test it" {}

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
