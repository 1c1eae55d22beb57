# Values that are asked for when somebody starts a job. The first build is started with version=1.4, the second with
# stage=production as well.
#
#   job           ends as     its log has
#   release       succeeded   "1.4 to staging" "dry run: true" "3 tries" "hosts: []"
#   release #2    succeeded   "1.4 to production" "dry run: false" "5 tries" "hosts: [" "a.example.com"

job "release" {
  # A build without it is refused.
  input "version" {
    description = "What to release"
    required    = true
  }

  # So is one with another stage.
  input "stage" {
    choices = ["staging", "production"]
    default = "staging"
  }

  input "dry-run" {
    type    = bool
    default = true
  }

  input "tries" {
    type    = number
    options = ["3", "5"] # another name for choices
    default = 3
  }

  input "hosts" {
    type    = list(string)
    default = []
  }

  task "release" {
    run "shell" {
      cmd = <<-EOT
        echo "$INPUT_VERSION to $INPUT_STAGE"
        echo "dry run: $INPUT_DRY_RUN, $INPUT_TRIES tries, hosts: $INPUT_HOSTS"
      EOT
    }
  }
}
