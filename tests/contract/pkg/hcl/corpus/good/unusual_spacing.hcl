a=1
b   =   2
	c	=	3
d "x"{
e=1
}
f"x"{}
