a = "${NAME%.*}"
