# Values that the worker reads from stores of secrets, at each use. The folder has two files: where.env with
# `STAGE=production`, and production.json with `{"token": "hunter2"}`.
#
#   job       ends as     its log has
#   deploy    succeeded   "the token *** of 7 characters" "the pin *** of 8 characters" "the word *** of 13 characters"
#   broken    failed
#     task ask    failed  "no value for var.missing from file"

variable "folder" {
  description = "Where the secrets are on the worker's machine."
}

# `path` and `key` may be made of other variables, and those of secrets.
variable "stage" {
  secret "file" {
    path = "${var.folder}/where.env"
    key  = "STAGE"
  }
}

variable "token" {
  secret "file" {
    path = "${var.folder}/${var.stage}.json"
    key  = "token"
  }
}

variable "missing" {
  secret "file" {
    path = "${var.folder}/none.json"
    key  = "token"
  }
}

# A store of your own prints the secret as a JSON object. `$param_size` is from its configuration.
secret_type "keyring" {
  params = ["size"]
  size   = 3
  get "shell" {
    cmd = "echo \"{\\\"pin\\\": \\\"$(seq -s '' $param_size)-$param_path\\\"}\""
  }
}

variable "pin" {
  secret "keyring" {
    path = "door"
    key  = "pin"
  }
}

# Its command can be run by a runner, in place of exec.
secret_type "vault" {
  runner "as" {
    who = "somebody"
  }
  get "exec" {
    path = "/bin/sh"
    args = ["-c", "echo \"{\\\"word\\\": \\\"told-$RUN_BY\\\"}\""]
  }
}

runner_type "as" {
  run {
    path = "env"
    args = ["RUN_BY=$who", "$path", "$args"]
  }
}

variable "word" {
  secret "vault" {
    path = "any"
    key  = "word"
  }
}

job "deploy" {
  task "ask" {
    env = {
      TOKEN = var.token
      PIN   = var.pin
      WORD  = var.word
    }
    run "shell" {
      cmd = <<-EOT
        echo "the token $TOKEN of $${#TOKEN} characters"
        echo "the pin $PIN of $${#PIN} characters"
        echo "the word $WORD of $${#WORD} characters"
      EOT
    }
  }
}

job "broken" {
  task "ask" {
    env = { TOKEN = var.missing }
    run "exec" {
      path = "true"
    }
  }
}
