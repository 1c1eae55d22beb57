# Files that a server has, and one that is sent to it.
#
#   job       ends as     its log has
#   install   succeeded   "release 1.4.2"

variable "server" {
  default     = "https://downloads.example.com"
  description = "Where the files are."
}

variable "ca_cert" {
  default     = ""
  description = "Certificates in PEM form that vouch for the server, in place of the machine's."
}

variable "password" {
  default   = ""
  sensitive = true
}

variable "token" {
  default   = ""
  sensitive = true
}

# A check asks for the ETag alone, and does not fetch the file.
resource "http" "tool" {
  check_interval = "@hourly"
  params {
    url            = "${var.server}/tool.tar.gz"
    name           = "downloads/tool.tar.gz"
    version        = "etag"
    headers        = { Accept = "application/gzip" }
    secret_headers = { X-Api-Key = var.token }
    username       = "ci"
    password       = var.password
    ca_cert        = var.ca_cert
    max_size       = 200
  }
}

# The version stands in the file, which is JSON.
resource "http" "release" {
  params {
    url          = "${var.server}/releases/latest"
    version_path = "$.tag_name"
    token        = var.token
    ca_cert      = var.ca_cert
  }
}

resource "http" "reports" {
  params {
    url     = "${var.server}/reports/"
    token   = var.token
    ca_cert = var.ca_cert
  }
}

job "install" {
  get "http" "tool" {
    trigger = true
  }

  get "http" "release" {
    params {
      name = "release.json"
    }
  }

  task "look" {
    run "shell" {
      cmd = "wc -c downloads/tool.tar.gz release.json > sizes.txt; echo \"release $GET_RELEASE_VERSION\" | tee -a sizes.txt"
    }
  }

  # To an address that ends with a slash a file goes under its own name.
  put "http" "reports" {
    file   = "sizes.txt"
    method = "POST"
  }
}
