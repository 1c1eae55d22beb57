"""A pipeline of Concourse runs as it did there."""

from __future__ import annotations

from tests.integration.cmd.pikoci.conftest import Program

PIPELINE = """
jobs:
- name: j
  plan:
  - task: one
    config:
      platform: linux
      outputs: [{name: out, path: deep/o}]
      params: {WHO: "it's ${x} $((y))"}
      run: {path: bash, args: [-ec, 'echo "$WHO" > deep/o/file; [[ -n $BASH ]]']}
  - task: two
    input_mapping: {src: out}
    config:
      platform: linux
      inputs: [{name: src}]
      run: {path: sh, args: [-ec, "cat src/file"]}
    on_success:
      task: three
      config: {platform: linux, run: {path: echo, args: ["a  b", "$HOME"]}}
"""


def test_inputs_outputs_parameters_and_arguments_arrive(program: Program) -> None:
    made = program("pipeline", "import", "concourse", "-", text=PIPELINE)
    assert (made.returncode, made.stderr) == (0, "")
    (program.home / "pipeline.hcl").write_text(made.stdout)
    done = program("run", "-p", "pipeline.hcl", "-j", "j", "--var", "y=Y")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "it's ${x} $Y\n" in done.stdout
    assert "a  b $HOME\n" in done.stdout
