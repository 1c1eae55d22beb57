a = "${#NAME}"
