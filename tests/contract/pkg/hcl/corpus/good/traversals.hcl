a = b.c
d = b.c.d.e
f = b[0]
g = b["x"]
h = b[c.d].e
i = b.0
j = b.0.c
k = b[0][1].c[2]
l = b.c-d
m = f(x).y[0]
n = [1, 2][0]
o = {a = 1}.a
p = "x".y
q = (b).c
r = b . c
