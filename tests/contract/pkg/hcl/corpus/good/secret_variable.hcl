variable "token" {
  secret "vault" {
    path = "ci/${var.team}"
    key  = "token"
  }
}
