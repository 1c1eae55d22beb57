a = alltrue([
  b != "",
  c > 0,
]) ? {
  x = 1
  } : {
  x = 2
}
