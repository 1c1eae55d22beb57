# Types that are defined elsewhere on the web. The digest makes sure that nobody changes what builds run. The folder
# `types` is to be served first, by `python3 -m http.server 8000 --directory types`, and the server to be started with
# --allow-private-sources, as that is an address of the machine.
#
#   job       ends as     its log has
#   all       succeeded   "it is noon" "LOUD" "a word of 12 characters" "a green lamp" "the lamp is out"
#                         "the horn says: done"

resource_type "noon" {
  source        = "http://localhost:8000/clock.hcl"
  source_sha256 = "079f7b9e3265a111d3b2424c70ada4c78d841e2c6b9e3ded4ad7778ba4050c6f"
}

runner_type "loud" {
  source        = "http://localhost:8000/loud.hcl"
  source_sha256 = "2167d914a7b8e1a90bcbc5b6a57bf9e8ed6c57e527defa5de3f08f38cfb69a54"
}

secret_type "dice" {
  source        = "http://localhost:8000/dice.hcl"
  source_sha256 = "d7adcb6c8076b6b5f5885509ff65dc735d3fdeb8eaa67b2d18afbbfed694eb93"
}

service_type "lamp" {
  source        = "http://localhost:8000/lamp.hcl"
  source_sha256 = "c7b603ef29a633a2d292e2d15a8d5abe71d9c8b5305399ff3b55cd170ce6f825"
}

notification_type "horn" {
  source        = "http://localhost:8000/horn.hcl"
  source_sha256 = "52ffae51ca4e879f1c557dbf7e19d5f91d3e49698fdbce427c5b1e2904eb87e5"
}

resource "noon" "today" {}

notification "horn" "street" {}

variable "word" {
  secret "dice" {
    path = "one"
    key  = "word"
  }
}

job "all" {
  service "lamp" {
    colour = "green"
  }

  get "noon" "today" {}

  task "show" {
    env = { WORD = var.word }
    run "loud" {
      script = "cat time.txt; echo \"a word of $${#WORD} characters, a $SERVICE_LAMP_COLOUR lamp\""
    }
  }

  notify "horn" "street" {
    message = "done"
  }
}
