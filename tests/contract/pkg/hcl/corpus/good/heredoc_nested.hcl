a = <<A
x ${upper(<<B
inner ${1 + 1}
B
)} y
A
