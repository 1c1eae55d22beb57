a {
  b {
    c {
      d "x" {
        e = 1
      }
    }
  }
  b {}
}
