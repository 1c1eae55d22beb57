a {}
b "x" {}
b x {}
b "x" "y" {}
b x "y" z {
}
b "with \"quotes\" and \n escapes \u00e9" {}
b "$${literal}" {}
b "" {}
