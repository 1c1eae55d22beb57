a = <<-EOT
    one
      two

    three
    EOT
b = <<-EOT
  ${a} x
   y
  EOT
c = <<-END_1
	tab
	END_1
