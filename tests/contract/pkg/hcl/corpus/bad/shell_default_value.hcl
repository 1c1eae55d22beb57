a = "${NAME:-default}"
