# What a project with everything has: pull requests, tags, check runs, services, secrets in files, containers.

job "lint" {
  get "git" "changes" {
    trigger = true
  }
  notify "github-check" "ci" { status = "in_progress" }
  task "make" {
    run "docker" {
      image = var.image
      cmd   = "export PATH=/tools:$PATH && cd ${var.name} && make lint"
      args = [
        "-v", "modules:/go/pkg/mod",
        "-v", "tools:/tools",
      ]
    }
  }
  on_success {
    notify "github-check" "ci" { conclusion = "success" }
  }
  on_failure {
    notify "github-check" "ci" { conclusion = "failure" }
  }
}

job "backends" {
  concurrency = 1
  get "git" "changes" {
    trigger = true
    passed  = ["lint"]
  }
  notify "github-check" "ci" { status = "in_progress" }

  service "mariadb" {
    version       = "11.4.2"
    port          = "3306"
    root_password = "root123"
  }
  service "postgresql" {
    version  = "17"
    port     = "5432"
    password = "postgres123"
  }
  service "nats" {
    version = "2.12.0"
    port    = "4222"
  }
  service "rabbitmq" {
    version = "3"
    port    = "5672"
  }
  service "kafka" {
    version = "latest"
    port    = "9092"
  }
  service "vault" {
    version    = "latest"
    port       = "8200"
    root_token = "test-root-token"
  }

  task "make" {
    run "docker" {
      image = var.image
      cmd   = <<-EOT
        cd ${var.name}
        make test-backends
        upload --token "${var.upload_token}" --sha "$GET_CHANGES_REF" --branch "$GET_CHANGES_BRANCH"
      EOT
      args = ["--network=host", "-v", "modules:/go/pkg/mod"]
    }
  }
}

job "latest" {
  get "git" "main" {
    trigger = true
  }
  task "push" {
    run "shell" {
      cmd = <<-EOT
        cd ${var.name}
        echo "${var.registry_token}" | docker login registry.example.com -u "${var.registry_user}" --password-stdin
        docker buildx create --use --name builder 2>/dev/null || docker buildx use builder
      EOT
    }
  }
  ensure {
    task "prune" {
      run "shell" {
        cmd = "docker image prune -f"
      }
    }
  }
}

job "deploy" {
  concurrency = 1
  get "git" "main" {
    trigger = true
    passed  = ["latest"]
  }
  task "replace" {
    run "docker" {
      image = var.image
      cmd   = "mv /tmp/new /hostbin/app"
      args  = ["-v", "/usr/local/bin:/hostbin"]
    }
  }
  on_success "shell" {
    cmd = "kill -QUIT $(pidof app)"
  }
}

job "release" {
  get "git" "tags" {
    trigger = true
  }
  task "upload" {
    run "shell" {
      cmd = <<-EOT
        cd ${var.name}
        TAG=$(git describe --tags --exact-match)
        VERSION=$${TAG#v}
        BODY=$(sed -n "/^## \[$VERSION\]/,/^## \[/{/^## \[/d;p;}" CHANGELOG.md)
        TOKEN="${var.token}" publish "$TAG" --notes "$BODY"
      EOT
    }
  }
}

resource_type "git" {
  source = "pikoci://git"
}

resource "git" "changes" {
  params {
    url   = var.url
    name  = var.name
    pr    = true
    token = var.token
  }
}

resource "git" "main" {
  params {
    url    = var.url
    name   = var.name
    branch = "main"
  }
}

resource "git" "tags" {
  params {
    url   = var.url
    name  = var.name
    token = var.token
    tag   = true
  }
}

notification_type "github-check" {
  source = "pikoci://github-check"
}

notification "github-check" "ci" {
  params {
    app_id          = var.app_id
    installation_id = var.app_id
    private_key     = var.app_key
    repository      = "example/project"
    base_url        = "https://${var.domain}"
  }
}

service_type "mariadb" {
  source = "pikoci://mariadb"
}

service_type "postgresql" {
  source = "pikoci://postgresql"
}

service_type "nats" {
  source = "pikoci://nats"
}

service_type "rabbitmq" {
  source = "pikoci://rabbitmq"
}

service_type "kafka" {
  source = "pikoci://kafka"
}

service_type "vault" {
  source = "pikoci://vault"
}

secret_type "env" {
  source = "pikoci://file"
  path   = "/etc/project/project.env"
}

secret_type "app_key" {
  source = "pikoci://file"
  path   = "/etc/project/app.pem"
}

variable "domain" {
  type = string
  secret "env" {
    key = "DOMAIN"
  }
}

variable "image" {
  type    = string
  default = "golang:1.25.1"
}

variable "url" {
  type    = string
  default = "https://github.com/example/project"
}

variable "name" {
  type    = string
  default = "project"
}

variable "token" {
  type = string
  secret "env" {
    key = "TOKEN"
  }
}

variable "app_id" {
  type = string
  secret "env" {
    key = "APP_ID"
  }
}

variable "app_key" {
  type = string
  secret "app_key" {
    key = "content"
  }
}

variable "registry_user" {
  type = string
  secret "env" {
    key = "REGISTRY_USER"
  }
}

variable "registry_token" {
  type = string
  secret "env" {
    key = "REGISTRY_TOKEN"
  }
}

variable "upload_token" {
  type = string
  secret "env" {
    key = "UPLOAD_TOKEN"
  }
}
