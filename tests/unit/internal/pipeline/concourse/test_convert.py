"""Each construct of Concourse has its counterpart, or a comment and a reason."""

from __future__ import annotations

import json
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.pipeline import formatted
from pikoci.internal.pipeline.concourse import convert, task_files
from tests.unit.internal.pipeline.concourse.converting import body_of, job_of, losses_of, pipeline_of

CASES = {
    "a get": (
        "- get: repo\n  trigger: true\n  version: every\n  timeout: 5m\n  attempts: 2",
        'get "git" "repo" {\n  trigger  = true\n  version  = "every"\n  timeout  = "5m"\n  attempts = 2\n}',
    ),
    "a get under another name": (
        "- get: code\n  resource: repo\n  params: {depth: 1, fetch_tags: true}",
        'get "git" "repo" {\n  params {\n    depth = 1\n    tags  = true\n    name  = "code"\n  }\n}',
    ),
    "a put": (
        "- put: repo\n  inputs: all\n  params: {repository: code, force: true}",
        'put "git" "repo" {\n  params {\n    name  = "code"\n    force = true\n  }\n}',
    ),
    "a script": (
        "- task: t\n  config: {platform: linux, run: {path: sh, args: [-ec, 'echo ${A} %{B}']}}",
        'task "t" {\n  run "shell" {\n    cmd = "echo $${A} %%{B}"\n  }\n}',
    ),
    "a script that goes on after errors": (
        "- task: t\n  config: {run: {path: /bin/bash, args: [-xc, 'a']}}",
        (
            'task "t" {\n  run "shell" {\n    shell = "/bin/bash"\n    cmd   = <<-EOT\n'
            "      set -x\n      set +e\n      a\n    EOT\n  }\n}"
        ),
    ),
    "a program": (
        "- task: t\n  config: {run: {path: repo/test.sh, args: [a b, '((v))', \"it's\"], dir: x}}",
        (
            'task "t" {\n  run "shell" {\n    cmd = <<-EOT\n      cd x\n'
            "      repo/test.sh 'a b' '${var.v}' 'it'\"'\"'s'\n    EOT\n  }\n}"
        ),
    ),
    "parameters": (
        "- task: t\n  params: {B: ((b)), C: [1]}\n  config: {params: {A: 1, B: x, N: ~}, run: {path: 'true'}}",
        (
            'task "t" {\n  env = {\n    A = "1"\n    B = var.b\n    N = ""\n    C = "[1]"\n  }\n\n'
            '  run "shell" {\n    cmd = "true"\n  }\n}'
        ),
    ),
    "inputs and outputs": (
        """
        - task: t
          input_mapping: {src: repo}
          output_mapping: {out: final}
          config:
            inputs: [{name: src}, {name: extra, optional: true}, {name: deep, path: a/b}]
            outputs: [{name: out}, {name: log}]
            run: {path: make}
        """,
        (
            'task "t" {\n  inputs  = ["repo", "deep"]\n  outputs = ["final", "log"]\n\n  run "shell" {\n'
            "    cmd = <<-EOT\n      ln -sfn repo src\n      mkdir -p a\n      ln -sfn ../deep a/b\n"
            "      mkdir -p final\n      ln -sfn final out\n      mkdir -p log\n      make\n    EOT\n  }\n}"
        ),
    ),
    "hooks": (
        """
        - task: t
          config: {run: {path: a}}
          on_success: {put: repo}
          on_failure: {do: [{task: x, config: {run: {path: b}}}, {put: repo}]}
          on_abort: {task: y, config: {run: {path: c}}}
          ensure: {put: repo}
        """,
        (
            'task "t" {\n  run "shell" {\n    cmd = "a"\n  }\n\n  on_success {\n    put "git" "repo" {}\n  }\n\n'
            '  on_failure {\n    task "x" {\n      run "shell" {\n        cmd = "b"\n      }\n    }\n\n'
            '    put "git" "repo" {}\n  }\n\n  on_cancel {\n    task "y" {\n      run "shell" {\n        cmd = "c"\n'
            '      }\n    }\n  }\n\n  ensure {\n    put "git" "repo" {}\n  }\n}'
        ),
    ),
    "do": ("- do:\n  - get: repo\n  - put: repo", 'get "git" "repo" {}\n\nput "git" "repo" {}'),
    "an image": (
        (
            "- task: t\n  config: {image_resource: {type: registry-image, source: {repository: golang, tag: '1.22'}}, "
            "run: {path: go, args: [test]}}"
        ),
        'task "t" {\n  run "docker" {\n    image = "golang:1.22"\n    cmd   = "go test"\n  }\n}',
    ),
    "an image with bash": (
        (
            "- task: t\n  config: {image_resource: {type: docker-image, source: {repository: ubuntu}}, "
            "run: {path: bash, args: [-ec, 'echo $X']}}"
        ),
        (
            'task "t" {\n  run "docker" {\n    image = "ubuntu"\n    cmd   = <<-EOT\n'
            "      exec bash -ec \"$(cat <<'SCRIPT'\n      echo $X\n      SCRIPT\n      )\"\n    EOT\n  }\n}"
        ),
    ),
    "steps at the same time": (
        "- in_parallel: {limit: 2, fail_fast: true, steps: [{get: repo}, {put: repo}]}",
        'in_parallel {\n  limit     = 2\n  fail_fast = true\n\n  get "git" "repo" {}\n\n  put "git" "repo" {}\n}',
    ),
    "aggregate": ("- aggregate: [{get: repo}]", 'in_parallel {\n  get "git" "repo" {}\n}'),
}  # not every server runs these
REASONS = {
    "- get: repo\n  version: {ref: abc}": "pin it",
    "- get: other": "no resource has this name",
    "- load_var: v\n  file: x": "PIKOCI_OUTPUT",
    "- set_pipeline: p\n  file: x": "pipelines set",
    "- task: t\n  file: repo/t.yml": "the file was not found",
    "- try: {put: repo}": "the build does too",
    "- put: repo\n  across: [{var: x, values: [1]}]": "matrix or for_each",
    "- put: repo\n  tags: [a]": "the whole job",
    "- put: repo\n  on_error: {put: repo}": "ensure runs after these too",
    "- put: repo\n  ensure: {get: repo}": "a hook gets nothing",
    "- put: repo\n  get_params: {a: 1}": "it has no counterpart",
    "- do: [{put: repo}]\n  timeout: 1m": "give it to the steps",
    "- in_parallel: [{do: [{get: repo}, {put: repo}]}]": "its steps run in order",
    "- what: ever": "no such step is known",
    "- task: t\n  config: {platform: windows, run: {path: a}}": "give the job tags",
    "- task: t\n  privileged: true\n  config: {run: {path: a}}": "only containers know it",
    "- task: t\n  image: repo\n  config: {run: {path: a}}": "an image that a build makes",
    "- task: a name\n  config: {run: {path: a}}": 'the name is "a-name" here',
    "- get: repo\n  attempts: many": "a whole number is expected",
    "- get: repo\n  params: [a]": "a map is expected",
    "- task: t\n  config: {inputs: [{name: repo, path: .}], run: {path: a}}": "the files are in repo",
    "- text": "a map is expected here",
}
TYPES = """
resources:
- {name: hourly, type: time, source: {interval: 1h}}
- {name: morning, type: time, source: {start: "7:30 AM", days: [Monday, friday], location: Europe/Berlin}}
- {name: button, type: mock}
- name: code
  type: git
  check_every: 2m
  tags: [x]
  source: {uri: u, tag_filter: v*, paths: [a], password: ((password))}
"""


@pytest.mark.parametrize(("plan", "wanted"), CASES.values(), ids=CASES)
def test_a_step_has_its_counterpart(plan: str, wanted: str) -> None:
    found = job_of(plan)
    assert losses_of(found) == []
    assert body_of(found) == wanted
    assert pipeline_of(found, v="V", b="B").jobs


@pytest.mark.parametrize(("plan", "reason"), REASONS.items(), ids=[textwrap.shorten(plan, 40) for plan in REASONS])
def test_what_has_none_is_told_with_its_line_and_reason(plan: str, reason: str) -> None:
    found = job_of(plan)
    [told] = losses_of(found)
    assert reason in told
    assert 9 <= found.losses[0].line <= 12
    if "the name is" not in told:
        assert f"# Not converted: {found.losses[0].what}: " in found.text
    assert formatted(found.text) == found.text


def test_settings_of_a_job() -> None:
    settings = "serial: true\nserial_groups: [deploy]\ninterruptible: true\nold_name: x\nbuild_logs_to_retain: 3\n"
    found = job_of("- get: repo", settings)
    assert body_of(found).startswith('concurrency   = 1\nserial_groups = ["deploy"]\ninterruptible = true\n')
    assert losses_of(found) == []
    assert body_of(job_of("- get: repo", "max_in_flight: 3\n")).startswith("concurrency = 3\n")


def test_resources_of_built_in_types() -> None:
    found = convert(TYPES, "ci.yml")
    assert losses_of(found) == []
    spec = pipeline_of(found, password="hunter22")
    assert [(one.canonical, one.check_interval, one.params) for one in spec.resources] == [
        ("cron.hourly", "@every 1h", {}),
        ("cron.morning", "CRON_TZ=Europe/Berlin 30 7 * * 1,5", {}),
        ("trigger.button", "", {}),
        ("git.code", "@every 2m", {"url": "u", "tag": "v*", "paths": ["a"], "password": "hunter22"}),
    ]
    assert 'variable "password" {\n  sensitive = true\n}' in found.text


def test_a_type_without_counterpart_is_a_stub_that_is_valid_and_told() -> None:
    text = (
        "resources:\n- {name: chat, type: slack.v1, source: {url: u, a.b: 1}}\n"
        "jobs:\n- {name: j, plan: [{put: chat}]}\n"
    )
    found = convert(text, "ci.yml")
    assert losses_of(found) == [
        "2: resource type slack.v1: write its commands; they fail until then",
        "2: a.b: this can't be the name of a param",
    ]
    [kind] = pipeline_of(found).resource_types
    assert kind.name == "slack-v1"
    assert kind.push is not None


def test_a_type_of_the_file_wins_over_one_that_is_built_in() -> None:
    text = "resource_types: [{name: git, type: registry-image}]\nresources: [{name: a, type: git, source: {uri: u}}]\n"
    found = convert(text, "ci.yml")
    assert pipeline_of(found).resources[0].params == {"uri": "u"}


def test_an_image_that_only_tasks_use_is_named_by_them() -> None:
    resources = "resources:\n- {name: go, type: registry-image, source: {repository: golang, tag: 1.22}}\n"
    found = job_of("- get: go\n- task: t\n  image: go\n  config: {run: {path: a}}", resources=resources)
    assert 'image = "golang:1.22"' in body_of(found)
    assert "resource " not in found.text.replace("resource go", "")


def test_an_image_that_starts_jobs_is_a_resource() -> None:
    source = "{repository: golang, semver_constraint: ~1.2, username: u, password: pw, aws_region: x}"
    resources = f"resources:\n- {{name: go, type: registry-image, source: {source}}}\n- {{name: b, type: docker-image, "
    resources += "source: {repository: b}}\n"
    found = job_of("- get: go\n  trigger: true\n- put: b\n  params: {image: i.tar}", resources=resources)
    made = {one.name: (one.type, one.params) for one in pipeline_of(found).resources}
    login = {"username": "u", "password": "pw"}
    assert made == {
        "go": ("registry-image", {"repository": "golang", "semver": "~1.2", **login}),
        "b": ("registry-image", {"repository": "b", "semver": "*"}),
    }
    assert "aws_region" in found.text


def test_jobs_are_followed_by_their_new_names() -> None:
    text = (
        "resources: [{name: repo, type: git, source: {uri: u}}]\n"
        "jobs:\n- {name: unit tests, plan: [{get: repo}]}\n- {name: unit-tests, plan: [{get: repo}]}\n"
        "- {name: ship, plan: [{get: repo, passed: [unit tests, unit-tests]}]}\n"
    )
    assert 'passed = ["unit-tests", "unit-tests-2"]' in convert(text, "ci.yml").text
    assert [job.name for job in pipeline_of(convert(text, "ci.yml")).jobs] == ["unit-tests", "unit-tests-2", "ship"]


def test_variables_are_declared_once_each_and_kept_apart() -> None:
    plan = "- task: t\n  params: {A: ((a.b)), B: 'x((a_b))', C: '$((c))', D: ((.:x)), E: '((a + b))', F: ((s:p/q.r))}\n"
    found = job_of(plan + "  config: {run: {path: a}}")
    values = {name: name.upper() for name in ("a_b", "a_b_", "c", "s_p_q_r")}
    [job] = pipeline_of(found, **values).jobs
    assert job.steps[0].env == {
        "A": "A_B",
        "B": "xA_B_",
        "C": "$C",
        "D": "((.:x))",
        "E": "((a + b))",
        "F": "S_P_Q_R",
    }


def test_files_of_tasks_are_read_where_they_are_given() -> None:
    text = "jobs: [{name: j, plan: [{task: t, file: repo/t.yml}, {task: u, file: repo/u.yml}]}]\n"
    assert task_files(text, "ci.yml") == ["repo/u.yml", "repo/t.yml"]
    found = convert(text, "ci.yml", {"repo/t.yml": "run: {path: make}\n"})
    assert 'cmd = "make"' in found.text
    assert [loss.what for loss in found.losses] == ["file: repo/u.yml"]


def test_anchors_are_followed_wherever_they_are_kept() -> None:
    text = "any: &any\n  platform: linux\n  run: {path: make}\njobs: [{name: j, plan: [{task: t, config: *any}]}]\n"
    found = convert(text, "ci.yml")
    assert losses_of(found) == []
    assert 'cmd = "make"' in found.text
    assert losses_of(convert("var_sources: []\njobs: []\n", "ci.yml"))[0].startswith("1: var_sources: ")


def test_groups_are_a_comment() -> None:
    found = convert("groups: [{name: all, jobs: [a, b]}]\njobs: [{name: a}, {name: b}]\n", "x/ci.yml")
    assert "#   all: a, b\n" in found.text
    assert found.text.startswith("# Converted from ci.yml of Concourse.\n")


WORDS = """
    get put task repo resource config run path args params trigger passed in_parallel steps do try hooks ensure
    on_failure image name type source jobs plan resources file inputs outputs ((v)) ${x} sh -c time git
"""
NAMES = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    st.one_of(NAMES, st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)


@settings(derandomize=True, database=None, max_examples=20, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=3), VALUES, VALUES)
def test_whatever_stands_in_a_file_is_converted_or_told(plan: list[object], job: object, resources: object) -> None:
    known = [{"name": "repo", "type": "git", "source": {"uri": "u"}}]
    for document in (
        {"resources": known, "jobs": [{"name": "j", "plan": plan, "ensure": job}]},
        {"resources": resources, "jobs": job, "resource_types": plan, "groups": plan},
    ):
        try:
            found = convert(json.dumps(document), "ci.yml")
        except PikociError:
            continue
        assert formatted(found.text) == found.text
