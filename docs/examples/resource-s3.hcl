# Objects in S3, or in a store that speaks as it does: releases by their version, and the versions of one object.
#
#   job       ends as     its log has
#   release   succeeded
#   deploy    succeeded   "version 1.4.2"
#   rewrite   succeeded   "version"

variable "endpoint" {
  default     = "https://minio.example.com:9000"
  description = "The store. Leave it out of the resources for AWS."
}

variable "ca_cert" {
  default     = ""
  description = "Certificates in PEM form that vouch for the store, in place of the machine's."
}

variable "bucket" {
  default = "releases"
}

variable "state_bucket" {
  default     = "state"
  description = "A bucket that keeps versions."
}

variable "access_key_id" {
  default = ""
}

variable "secret_access_key" {
  default   = ""
  sensitive = true
}

variable "session_token" {
  default     = ""
  description = "Only credentials that are lent for a while have one."
  sensitive   = true
}

resource "s3" "release" {
  params {
    bucket                 = var.bucket
    regexp                 = "app/app-(.*).tgz"
    endpoint               = var.endpoint
    region                 = "eu-central-1"
    path_style             = true
    access_key_id          = var.access_key_id
    secret_access_key      = var.secret_access_key
    session_token          = var.session_token
    ca_cert                = var.ca_cert
    server_side_encryption = "aws:kms"
    sse_kms_key_id         = "alias/releases"
    dir                    = "app"
  }
}

resource "s3" "state" {
  params {
    bucket            = var.state_bucket
    versioned_file    = "production/state.json"
    endpoint          = var.endpoint
    access_key_id     = var.access_key_id
    secret_access_key = var.secret_access_key
    ca_cert           = var.ca_cert
    skip_download     = true
  }
}

job "release" {
  task "pack" {
    run "shell" {
      cmd = <<-EOT
        mkdir dist && echo hello > dist/app
        tar -czf dist/app-1.4.2.tgz -C dist app
        echo '{"version": "1.4.2"}' > state.json
      EOT
    }
  }

  put "s3" "release" {
    file         = "dist/app-*.tgz"
    content_type = "application/gzip"
    acl          = "bucket-owner-full-control"
  }

  put "s3" "state" {
    file = "state.json"
  }
}

job "deploy" {
  get "s3" "release" {
    trigger = true
    passed  = ["release"]
  }

  # Where it is, without the object itself, as the resource says.
  get "s3" "state" {}

  task "deploy" {
    run "shell" {
      cmd = "tar -tzf app/app-*.tgz; echo \"version $(cat app/version), state at $(cat state/url)\""
    }
  }
}

job "rewrite" {
  get "s3" "state" {
    params {
      dir           = "now"
      skip_download = false
    }
  }

  task "show" {
    run "shell" {
      cmd = "cat now/state.json"
    }
  }
}
