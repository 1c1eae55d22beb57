a = {for x in y : x => x}
b = {for k, v in y : k => v if v}
c = {for x in y : x.a => x.b...}
d = {
  for x in y :
  x => {
    a = x
  }
}
e = {for x in y : "${x}" => upper(x)... if x != null}
