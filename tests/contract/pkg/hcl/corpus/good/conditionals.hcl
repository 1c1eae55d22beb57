a = b ? c : d
e = b ? c : d ? f : g
h = b ? c ? 1 : 2 : 3
i = (b) ? "x" : null
j = a == b ? 1 : 2
