# Names for what a file makes of others.
#
#   job          ends as     its log has
#   deploy--a    succeeded   "https://staging.example.com/a"
#   deploy--b    succeeded   "https://staging.example.com/b"

variable "environment" {
  default = "staging"
}

# In any order, and in as many blocks as you like.
locals {
  url   = "https://${local.host}/"
  zones = ["a", "b"]
}

locals {
  host = "${var.environment}.example.com"
}

job "deploy" {
  for_each = toset(local.zones)

  task "show" {
    run "exec" {
      path = "echo"
      args = ["${local.url}${each.key}"]
    }
  }
}
