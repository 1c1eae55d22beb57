# hash
// slashes
/* block */
a = 1 # after
b = 2 // after
c = /* inside */ 3
/* over
   lines */ d = 4
e = [ # list
  1, // one
  /* two */ 2,
]
/**/
/* * ** */
f = 5 /* x */ # y
