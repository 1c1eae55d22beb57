# Files of the worker's own machine, in and out. The worker needs `--fs-roots=/srv/ci`.
#
#   job       ends as     its log has
#   count     succeeded   "3"
#   archive   succeeded   "monday.csv"

variable "share" {
  default     = "/srv/ci"
  description = "A directory that the worker's --fs-roots allow."
}

resource "fs" "orders" {
  check_interval = "@every 1m"
  params {
    path     = "${var.share}/orders/*.csv"
    name     = "incoming"
    max_size = 100
  }
}

resource "fs" "reports" {
  params {
    path = "${var.share}/reports/"
  }
}

job "count" {
  get "fs" "orders" {
    trigger = true
  }

  task "count" {
    run "shell" {
      cmd = "cat incoming/*.csv | wc -l > lines.txt; cat lines.txt"
    }
  }

  put "fs" "reports" {
    source = "lines.txt"
  }
}

job "archive" {
  get "fs" "orders" {
    params {
      name = "orders"
    }
  }

  task "list" {
    run "shell" {
      cmd = "ls orders"
    }
  }
}
