notification "slack" "team" {
  params { channel = "#ci" }
  message = "job $BUILD_JOB_NAME ${"is"} done"
  on      = ["failure"]
}
