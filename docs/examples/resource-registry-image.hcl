# Container images in registries: followed by a tag, by versions and by a pattern; fetched, and pushed.
#
#   job     ends as     its log has
#   push    succeeded
#   use     succeeded   "oci-layout" "nightly-42"
#   tools   succeeded   "image.tar"

variable "registry" {
  default = "registry.example.com"
}

variable "username" {
  default = "ci"
}

variable "password" {
  default   = ""
  sensitive = true
}

variable "ca_cert" {
  default     = ""
  description = "Certificates in PEM form that vouch for the registry, in place of the machine's."
}

variable "plain_registry" {
  default     = "localhost:5000"
  description = "A registry that speaks HTTP without TLS."
}

variable "archive" {
  default     = "/srv/images/app.tar"
  description = "An image that a builder, `podman save` or `docker save` wrote; see the job `push`."
}

# The tags that are versions in a range, such as 1.4.2-slim and 1.5.0-rc.1-slim.
resource "registry-image" "app" {
  check_interval = "@every 10m"
  params {
    repository   = "${var.registry}/team/app"
    semver       = "^1.4"
    variant      = "slim"
    pre_releases = true
    username     = var.username
    password     = var.password
    ca_cert      = var.ca_cert
    dir          = "image"
    platform     = "linux/amd64"
  }
}

# One tag: a new version is when it is at another image.
resource "registry-image" "stable" {
  params {
    repository    = "${var.registry}/team/app"
    tag           = "stable"
    username      = var.username
    password      = var.password
    ca_cert       = var.ca_cert
    skip_download = true
  }
}

# Tags by a pattern, in the order of its group.
resource "registry-image" "nightly" {
  params {
    repository = "${var.registry}/team/app"
    tag_regex  = "nightly-(\\d+)"
    username   = var.username
    password   = var.password
    ca_cert    = var.ca_cert
  }
}

resource "registry-image" "tools" {
  params {
    repository = "${var.plain_registry}/test"
    tag        = "1"
    insecure   = true
  }
}

job "push" {
  task "build" {
    outputs = ["app.tar"]
    run "shell" {
      cmd = "cp ${var.archive} app.tar"
    }
  }

  # The tags 1.4.2-slim, edge, stable and nightly-42.
  put "registry-image" "app" {
    image           = "app*.tar"
    version         = "1.4.2"
    tag             = "edge"
    additional_tags = ["stable", "nightly-42"]
  }
}

job "use" {
  get "registry-image" "app" {
    trigger = true
    passed  = ["push"]
  }

  get "registry-image" "stable" {}

  get "registry-image" "nightly" {
    params {
      dir           = "nightly-image"
      platform      = "linux/amd64"
      skip_download = true
    }
  }

  task "load" {
    run "shell" {
      cmd = "tar -tf image/image.tar; echo \"$(cat image/tag), $(cat nightly-image/tag), $(cat stable/digest)\""
    }
  }
}

job "tools" {
  get "registry-image" "tools" {}

  task "look" {
    run "shell" {
      cmd = "ls -l tools/image.tar"
    }
  }
}
