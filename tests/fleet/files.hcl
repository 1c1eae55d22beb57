# Puts to the disk of a worker what is made with an entry of the server's own store of secrets.

variable "token" {
  secret "pikoci" {
    key = "TOKEN"
  }
}

resource "fs" "reports" {
  tags = ["w1"]
  params {
    path = "/srv/ci/main/reports/"
  }
}

job "report" {
  tags = ["w1"]

  task "write" {
    env = { TOKEN = var.token }
    run "shell" {
      cmd = "printf 'a token of %s characters' \"$${#TOKEN}\" >report.txt"
    }
  }
  put "fs" "reports" {
    source = "report.txt"
  }
}
