# Directories that the worker keeps for the next build of a job.
#
#   job            ends as     its log has
#   compile        succeeded   "compiling everything"
#   compile #2     succeeded   "cache objects:" "nothing to compile"
#   download       failed      "from the beginning"
#   download #2    succeeded   "going on where it stopped"

job "compile" {
  task "compile" {
    caches = ["objects"]
    run "shell" {
      cmd = <<-EOT
        if test -e objects/main.o; then
          echo "nothing to compile"
        else
          echo "compiling everything"
          mkdir -p objects && touch objects/main.o
        fi
      EOT
    }
  }
}

# Without cache_on_failure, only a build that succeeded keeps its caches.
job "download" {
  task "fetch" {
    caches           = ["parts"]
    cache_on_failure = true
    run "shell" {
      cmd = <<-EOT
        if test -e parts/1; then
          echo "going on where it stopped"
        else
          echo "from the beginning"
          mkdir -p parts && touch parts/1
          exit 1
        fi
      EOT
    }
  }
}
