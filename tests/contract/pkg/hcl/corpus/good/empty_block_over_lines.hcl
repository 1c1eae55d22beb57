a {

}
b { # comment
}
c { /* x */
}
