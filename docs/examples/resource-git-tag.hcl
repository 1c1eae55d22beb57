# The tags of a repository, over SSH.
#
#   job       ends as     its log has
#   release   succeeded   "packed v1.2"

variable "url" {
  default = "git@git.example.com:team/app.git"
}

variable "private_key" {
  default     = ""
  description = "A key in PEM or OpenSSH form that may read the repository."
  sensitive   = true
}

variable "known_hosts" {
  default     = ""
  description = "Lines of a known_hosts file; without them the host's first key is trusted."
}

resource "git" "releases" {
  params {
    url         = var.url
    tag         = "v1.*"
    private_key = var.private_key
    known_hosts = var.known_hosts
  }
}

job "release" {
  get "git" "releases" {
    trigger = true
  }

  task "pack" {
    run "shell" {
      cmd = "tar -czf app.tar.gz releases && echo \"packed $GET_RELEASES_TAG\""
    }
  }
}
