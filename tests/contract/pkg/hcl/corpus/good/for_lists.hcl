a = [for x in y : x]
b = [for k, v in y : "${k}=${v}"]
c = [for x in y : x if x > 1]
d = [
  for x in y :
  x
  if x != ""
]
e = [for x in [for z in y : z] : x]
f = [for x in y: x]
