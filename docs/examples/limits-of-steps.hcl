# Gets, puts and notifies that are tried again, or take too long.
#
#   job                ends as     its log has
#   tries              succeeded   "fetched the second time" "pushed the second time" "told the second time"
#     get parcel       succeeded
#     put parcel       succeeded
#     notify tell      succeeded
#   slow-get           failed
#     get mire         failed      "timed out after 1s"
#   slow-put           failed
#     put mire         failed      "timed out after 1s"
#   slow-notify        succeeded
#     notify whisper   failed      "timed out after 1s"

resource_type "flaky" {
  check "shell" {
    cmd = "echo '[{\"number\": \"1\"}]'"
  }

  pull "shell" {
    cmd = "test -e fetched && echo 'fetched the second time' || { touch fetched; exit 1; }"
  }

  push "shell" {
    cmd = <<-EOT
      test -e pushed && echo 'pushed the second time' || { touch pushed; exit 1; }
      echo '{"number": "2"}'
    EOT
  }
}

resource "flaky" "parcel" {}

resource_type "slow" {
  check "shell" {
    cmd = "echo '[{\"number\": \"1\"}]'"
  }

  pull "exec" {
    path = "sleep"
    args = ["600"]
  }

  push "exec" {
    path = "sleep"
    args = ["600"]
  }
}

resource "slow" "mire" {}

notification_type "flaky" {
  notify "shell" {
    cmd = "test -e told && echo 'told the second time' || { touch told; exit 1; }"
  }
}

notification "flaky" "tell" {}

notification_type "slow" {
  notify "exec" {
    path = "sleep"
    args = ["600"]
  }
}

notification "slow" "whisper" {}

job "tries" {
  get "flaky" "parcel" {
    attempts = 2
  }

  put "flaky" "parcel" {
    attempts = 2
  }

  notify "flaky" "tell" {
    attempts = 2
  }
}

job "slow-get" {
  get "slow" "mire" {
    timeout = "1s"
  }
}

job "slow-put" {
  put "slow" "mire" {
    timeout = "1s"
  }
}

# What could not be sent changes nothing else.
job "slow-notify" {
  notify "slow" "whisper" {
    timeout = "1s"
  }
}
