# Commands in containers. The worker needs podman or docker.
#
#   job          ends as     its log has
#   contained    succeeded   "level 8 in /tmp as 0 sees kept"
#   privileged   succeeded   "CapEff"

variable "image" {
  default = "docker.io/library/alpine:3.22"
}

job "contained" {
  task "prepare" {
    run "shell" {
      cmd = "chmod 755 . && mkdir data && echo kept > data/file"
    }
  }

  task "compile" {
    env = { LEVEL = "8" }
    run "docker" {
      image = var.image
      cmd   = <<-EOT
        echo "level $LEVEL in $PWD as $(id -u) sees $(cat /data/file)"
        echo "ARCH=any" >> $PIKOCI_OUTPUT
      EOT
      user    = "0:0"
      volumes = ["./data:/data:ro"]
      network = "none"
      pull    = "missing"
      cpus    = 0.5
      memory  = "128m"
      args    = ["-w", "/tmp"]
    }
  }

  task "look" {
    run "docker" {
      image      = var.image
      entrypoint = ["cat", "data/file"]
      network    = "none"
    }
  }
}

# All rights that the container program can give. The worker has to allow it: `--allow-privileged-containers`.
job "privileged" {
  task "look" {
    run "docker" {
      image      = var.image
      cmd        = "grep CapEff /proc/self/status"
      network    = "none"
      privileged = true
    }
  }
}
