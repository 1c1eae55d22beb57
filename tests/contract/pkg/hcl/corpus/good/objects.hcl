a = {}
b = { a = 1 }
c = { a = 1, b = 2 }
d = { a = 1, b = 2, }
e = {
  a = 1
  b = 2
}
f = {
  a = 1,
  b = 2,
}
g = { a : 1, "b" : 2, (c) : 3, "${d}" = 4, 5 = 6 }
h = {
}
i = { true = 1, null = 2, false = 3 }
j = { a.b = 1 }
k = { a = {
  b = 1
} }
l = {

  a = 1 # x

  # y
  b = 2
}
