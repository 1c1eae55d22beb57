# A secret of the server's own store: `pikoci client secrets set DEPLOY_TOKEN --pipeline app < token.txt`.
#
#   job      ends as     its log has
#   deploy   succeeded   "a token of 8 characters"

variable "token" {
  secret "pikoci" {
    key = "DEPLOY_TOKEN"
  }
}

job "deploy" {
  task "ask" {
    env = { TOKEN = var.token }
    run "shell" {
      cmd = "echo \"with a token of $${#TOKEN} characters\""
    }
  }
}
