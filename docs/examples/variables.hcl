# Values that are given when the pipeline is set: types, defaults, and one that is not shown.
#
#   job      ends as     its log has
#   show     succeeded   "three processors of eu-1 and eu-2" "https://ci.example.com/main" "with *** of 7 characters"

variable "processors" {
  description = "How many to use."
  type        = number
  default     = "3" # becomes a number
}

variable "zones" {
  type    = list(string)
  default = ["eu-1", "eu-2"]
}

variable "host" {
  default = "ci.example.com"
}

# A default may refer to other variables.
variable "address" {
  type    = string
  default = "https://${var.host}/main"
}

# Masked in logs and plans, and given back by nothing.
variable "token" {
  type      = string
  sensitive = true
  default   = "hunter2"
}

job "show" {
  task "show" {
    env = { TOKEN = var.token }
    run "shell" {
      cmd = <<-EOT
        echo "${var.processors == 3 ? "three" : "many"} processors of ${join(" and ", var.zones)}"
        echo "${var.address}"
        echo "with $TOKEN of $${#TOKEN} characters"
      EOT
    }
  }
}
