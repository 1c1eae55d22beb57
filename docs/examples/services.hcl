# Services beside the steps of a job. One is a command in the foreground, one is started and stopped, one is never ready,
# and the commands of one run by a runner.
#
#   job                          ends as     its log has
#   test                         succeeded   "good morning" "the shop is open" "closing the shop"
#     service site:ready         succeeded
#     service shop:stop          succeeded
#   never-ready                  failed
#     service grave:ready        failed
#     task visit                 skipped
#   lodge                        succeeded   "started by somebody"

service_type "site" {
  params = ["greeting"]

  start "shell" {
    cmd = <<-EOT
      mkdir site && echo "$param_greeting" > site/index.html
      port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
      echo "url=http://127.0.0.1:$port/" >> $PIKOCI_OUTPUT
      exec python3 -m http.server --directory site --bind 127.0.0.1 $port
    EOT
    foreground = true
  }

  # Again and again, until it succeeds; only then the steps begin.
  ready_check "shell" {
    cmd      = "python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' $SERVICE_SITE_URL 2> /dev/null"
    interval = "100ms"
    timeout  = "1m"
  }
}

service_type "shop" {
  start "shell" {
    cmd = "touch open"
  }

  stop "shell" {
    cmd = "echo 'closing the shop'; rm open"
  }
}

service_type "grave" {
  start "shell" {
    cmd = "true"
  }

  ready_check "shell" {
    cmd      = "test -e resurrection"
    interval = "100ms"
    timeout  = "1s"
  }

  stop "shell" {
    cmd = "true"
  }
}

service_type "lodger" {
  runner "as" {
    who = "somebody"
  }

  start "exec" {
    path = "/bin/sh"
    args = ["-c", "echo \"who=$RUN_BY\" >> $PIKOCI_OUTPUT"]
  }

  stop "exec" {
    path = "true"
  }
}

runner_type "as" {
  run {
    path = "env"
    args = ["RUN_BY=$who", "$path", "$args"]
  }
}

job "test" {
  service "site" {
    greeting = "good morning"
  }
  service "shop" {}

  task "fetch" {
    run "shell" {
      cmd = <<-EOT
        python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())' $SERVICE_SITE_URL
        test -e open && echo 'the shop is open'
      EOT
    }
  }
}

job "never-ready" {
  service "grave" {}

  task "visit" {
    run "exec" {
      path = "true"
    }
  }
}

job "lodge" {
  service "lodger" {}

  task "show" {
    run "shell" {
      cmd = "echo \"started by $SERVICE_LODGER_WHO\""
    }
  }
}
