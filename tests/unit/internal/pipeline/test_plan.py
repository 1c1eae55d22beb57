"""Good files: what becomes of them."""

from typing import Any

import pytest

from pikoci.internal.domain.errors import InvalidPipelineError
from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Hook,
    Hooks,
    JobPlan,
    PipelineSpec,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    TaskStep,
    decode_spec,
    encode_spec,
)
from pikoci.internal.pipeline import load_or_raise
from tests.unit.internal.pipeline.loading import NOW, Finding, job_of, run, spec_of, warnings_of

WHOLE = """
variable "image" {
  type    = string
  default = "alpine"
}

job "work" {
  concurrency            = 2
  timeout                = "1h30m"
  tags                   = ["gpu", "amd64", "gpu"]
  serial_groups          = ["deploy"]
  requeue_on_worker_loss = false
  disable_retry          = true
  priority               = -7

  get "git" "app" {
    trigger  = true
    version  = "every"
    timeout  = "90s"
    attempts = 3
    params {
      depth = "1"
    }
    on_failure "exec" {
      path = "echo"
      args = ["no", 1, true]
    }
  }

  put "store" "out" {
    text = "a $HOME ${var.image}"
    params {
      nested = { list = [1, 2.5, null] }
    }
  }

  task "unit" {
    inputs  = ["app/"]
    outputs = ["out"]
    run "box" {
      image = var.image
      args  = ["-v", 3]
    }
    on_success {
      put "store" "out" {
        when = "good"
        ensure "sh" {
          cmd = "true"
        }
      }
      task "tidy" {
        run "sh" {
          file = "tidy.sh"
        }
      }
    }
    on_success "shell" {
      cmd = "echo $${x}"
    }
  }

  on_cancel {
    task "stop" {
      run "shell" {
        cmd = "x"
      }
    }
  }
  ensure "exec" {
    path = "a"
  }
  ensure "exec" {
    path = "b"
  }
}

resource "git" "app" {
  check_interval = " @every 30s "
  tags           = ["vpn"]
  params {
    url   = "https://example.com/app.git"
    paths = ["src/**"]
    token = ""
  }
}

resource "store" "out" {
  params {
    size = 3
  }
}

resource "fork" "g" {
  cache = false
  params {
    url = "x"
  }
}

resource_type "store" {
  cache = true
  check "sh" {
    cmd = "check"
  }
  push "exec" {
    path = "push"
  }
  pull "exec" {}
}

resource_type "fork" {
  source = "pikoci://git"
}

runner_type "box" {
  run {
    path = "box"
    args = ["run", "$image", "$args"]
  }
}

runner_type "sh" {
  source = "pikoci://shell"
}
"""

GIT_PARAMS = [
    "url",
    "name",
    "branch",
    "tag",
    "paths",
    "ignore_paths",
    "disable_ci_skip",
    "depth",
    "submodules",
    "tags",
    "username",
    "password",
    "token",
    "private_key",
    "known_hosts",
    "pr",
    "provider",
    "api_url",
    "base",
    "labels",
    "drafts",
    "forks",
    "fork_label",
    "ca_cert",
]


def test_a_whole_file_becomes_this_pipeline() -> None:
    assert spec_of(WHOLE) == PipelineSpec(
        jobs=[
            JobPlan(
                name="work",
                concurrency=2,
                timeout=5400.0,
                tags=["amd64", "gpu"],
                serial_groups=["deploy"],
                requeue_on_worker_loss=False,
                disable_retry=True,
                priority=-7,
                steps=[
                    GetStep(
                        id="1",
                        name="app",
                        resource="git.app",
                        trigger=True,
                        version="every",
                        timeout=90.0,
                        attempts=3,
                        params={"depth": 1},
                        hooks=Hooks(
                            on_failure=[
                                Hook(
                                    id="1/on_failure/1",
                                    command=Command(
                                        runner="exec", params={"path": "echo", "args": ["no", "1", "true"]}
                                    ),
                                )
                            ]
                        ),
                    ),
                    PutStep(
                        id="2",
                        name="out",
                        resource="store.out",
                        params={"text": "a $HOME alpine", "nested": {"list": [1, 2.5, None]}},
                    ),
                    TaskStep(
                        id="3",
                        name="unit",
                        inputs=["app/"],
                        outputs=["out"],
                        run=Command(runner="box", params={"image": "alpine", "args": ["-v", 3]}),
                        hooks=Hooks(
                            on_success=[
                                Hook(
                                    id="3/on_success/1",
                                    steps=[
                                        PutStep(
                                            id="3/on_success/1/1",
                                            name="out",
                                            resource="store.out",
                                            params={"when": "good"},
                                            hooks=Hooks(
                                                ensure=[
                                                    Hook(
                                                        id="3/on_success/1/1/ensure/1",
                                                        command=Command(runner="shell", params={"cmd": "true"}),
                                                    )
                                                ]
                                            ),
                                        ),
                                        TaskStep(
                                            id="3/on_success/1/2",
                                            name="tidy",
                                            run=Command(runner="shell", params={"file": "tidy.sh"}),
                                        ),
                                    ],
                                ),
                                Hook(
                                    id="3/on_success/2",
                                    command=Command(runner="shell", params={"cmd": "echo ${x}"}),
                                ),
                            ]
                        ),
                    ),
                ],
                hooks=Hooks(
                    on_cancel=[
                        Hook(
                            id="on_cancel/1",
                            steps=[
                                TaskStep(
                                    id="on_cancel/1/1",
                                    name="stop",
                                    run=Command(runner="shell", params={"cmd": "x"}),
                                )
                            ],
                        )
                    ],
                    ensure=[
                        Hook(id="ensure/1", command=Command(runner="exec", params={"path": "a"})),
                        Hook(id="ensure/2", command=Command(runner="exec", params={"path": "b"})),
                    ],
                ),
            )
        ],
        resources=[
            Resource(
                type="git",
                name="app",
                check_interval="@every 30s",
                cache=True,
                tags=["vpn"],
                params={"url": "https://example.com/app.git", "paths": ["src/**"]},
            ),
            Resource(type="store", name="out", params={"size": 3}, cache=True),
            Resource(type="fork", name="g", params={"url": "x"}),
        ],
        resource_types=[
            ResourceType(
                name="store",
                cache=True,
                check=Command(runner="shell", params={"cmd": "check"}),
                push=Command(runner="exec", params={"path": "push"}),
            ),
            ResourceType(name="fork", builtin="git", cache=True, params=GIT_PARAMS),
            ResourceType(name="git", builtin="git", cache=True, params=GIT_PARAMS),
        ],
        runner_types=[RunnerType(name="box", path="box", args=["run", "$image", "$args"])],
    )


def test_a_pipeline_survives_storage_and_gives_the_same_bytes_again() -> None:
    spec = spec_of(WHOLE)

    assert decode_spec(encode_spec(spec)) == spec
    assert encode_spec(decode_spec(encode_spec(spec))) == encode_spec(spec)
    assert encode_spec(spec_of(WHOLE)) == encode_spec(spec)


def test_an_empty_file_is_an_empty_pipeline() -> None:
    assert spec_of("") == PipelineSpec()


def test_the_clock_is_the_one_that_was_given() -> None:
    step: Any = job_of('job "j" {\n  task "t" {\n    run "exec" {\n      path = timestamp()\n    }\n  }\n}').steps[0]

    assert step.run.params["path"] == "2026-01-02T03:04:05Z"


def test_a_type_of_the_file_wins_over_a_built_in_one() -> None:
    spec = spec_of('resource_type "git" {\n  push "exec" { }\n}\nresource "git" "g" {\n  params {\n    any = 1\n  }\n}')

    assert spec.resource_types == [ResourceType(name="git")]
    assert spec.resources == [Resource(type="git", name="g", params={"any": 1})]


def test_a_runner_of_the_file_wins_over_a_built_in_one() -> None:
    text = (
        'runner_type "exec" {\n  run {\n    path = "false"\n  }\n}\n'
        'job "j" {\n  task "t" {\n    run "exec" {\n      any = 1\n    }\n  }\n}'
    )
    step: Any = job_of(text).steps[0]

    assert step.run == Command(runner="exec", params={"any": 1})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            'resource "cron" "c" {}',
            Finding(
                1,
                1,
                "A cron without check_interval",
                "It ticks at the server's default interval.",
                'write check_interval = "@every 10m"',
            ),
        ),
        (
            'resource "trigger" "t" {\n  check_interval = "@hourly"\n}',
            Finding(
                2,
                20,
                "The check_interval of trigger has no effect",
                "A resource of type trigger makes versions only when somebody asks for one.",
            ),
        ),
        (
            (
                'resource_type "t" {\n  push "exec" {\n    path = "x"\n  }\n}\n'
                'resource "t" "t" {\n  check_interval = "@hourly"\n}'
            ),
            Finding(7, 20, "The check_interval of t has no effect", 'The resource_type "t" has no check command.'),
        ),
        (
            'resource "artifact" "a" {\n  params {\n    base_dir = "/mnt"\n  }\n}',
            Finding(
                3,
                5,
                'The param "base_dir" of artifact has no effect',
                "The server stores artifacts, on no path of a worker.",
            ),
        ),
    ],
)
def test_what_has_no_effect_is_a_warning(text: str, wanted: Finding) -> None:
    assert warnings_of(text) == [wanted]
    assert spec_of(text).resources[0].params == {}
    assert spec_of(text).resources[0].check_interval == ""


def test_a_diagnostic_shows_its_source_line_and_file() -> None:
    found = run('job "j" {\n  timeout = "5x" # five\n}', filename="ci.hcl").diagnostics[0]

    assert (found.file, found.line, found.column, found.end_line, found.end_column) == ("ci.hcl", 2, 13, 2, 17)
    assert found.source == '  timeout = "5x" # five'


def test_the_strict_form_raises_with_every_finding() -> None:
    with pytest.raises(InvalidPipelineError, match="the pipeline has 2 errors") as caught:
        load_or_raise('jbo "x" {}\njob "j" {\n  timeout = 1\n}', now=NOW)
    assert [one.line for one in caught.value.diagnostics] == [1, 3]

    spec, warnings = load_or_raise('job "j" {}\nresource "trigger" "t" { check_interval = "@every 1m" }', now=NOW)
    assert spec.jobs == [JobPlan(name="j")]
    assert [one.severity for one in warnings] == ["warning"]
