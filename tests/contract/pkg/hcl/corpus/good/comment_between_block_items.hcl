a {
  # one

  // two
  b = 1
  /* three */
  c {} # four
}
