# A job that is started by hand and asks for values, with a branch that depends on them, and a message at its end.
#
#   pikoci run -p configs/pipelines/release.hcl -j release --input version=1.2.0

notification_type "note" {
  notify "shell" {
    cmd = "echo \"$NOTIFY_MESSAGE\""
  }
}

notification "note" "everybody" {
  message = "$BUILD_JOB_NAME #$BUILD_NUMBER $BUILD_STATUS: version $INPUT_VERSION"
  on      = ["all"]
}

job "release" {
  input "version" {
    description = "What to release"
    required    = true
  }

  input "stage" {
    choices = ["test", "production"]
    default = "test"
  }

  task "build" {
    caches = ["objects"]

    run "shell" {
      cmd = "mkdir -p objects && echo \"building $INPUT_VERSION\""
    }
  }

  if "production" {
    condition = "$INPUT_STAGE == 'production'"

    task "publish" {
      run "shell" {
        cmd = "echo \"publishing $INPUT_VERSION\""
      }
    }
  }
  else {
    task "stage" {
      run "shell" {
        cmd = "echo \"staging $INPUT_VERSION\""
      }
    }
  }
}
