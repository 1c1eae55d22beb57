a = f()
b = f(1)
c = f(1, 2)
d = f(1, 2,)
e = f(x...)
g = f(
  1,
  2
)
h = f(g(h(1)))
i = a::b(1)
j = a::b::c()
k = f (1)
