variable "image" {
  type    = string
  default = "x"
}
variable "n" {
  type = number
}
variable "b" { type = bool }
