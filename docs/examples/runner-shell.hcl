# Scripts: in the pipeline, and in a file of the work directory.
#
#   job       ends as     its log has
#   scripts   succeeded   "from a file, on"

job "scripts" {
  task "write" {
    run "shell" {
      cmd = <<-EOT
        echo 'echo "from a file, on $0"' > script.sh
        chmod +x script.sh
      EOT
    }
  }

  task "other" {
    run "shell" {
      file  = "script.sh"
      shell = "/bin/bash"
    }
  }
}
