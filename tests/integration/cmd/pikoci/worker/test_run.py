from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.cmd.pikoci.conftest import PROGRAM, Program, read_until, wait_until

PIPELINE = """
variable "who" { type = string }

resource "git" "app" {
  params { url = "/nowhere" }
}

job "good" {
  task "greet" {
    run "shell" { cmd = "echo hello ${var.who}; echo ANSWER=42 >> $PIKOCI_OUTPUT; env" }
  }
  task "answer" {
    run "shell" { cmd = "echo the answer is $TASK_GREET_ANSWER" }
  }
}

job "bad" {
  task "break" {
    run "shell" { cmd = "exit 3" }
  }
  task "mend" {
    run "shell" { cmd = "true" }
  }
  on_failure "shell" { cmd = "echo sorry" }
}

job "lenient" {
  allow_failure = true
  task "break" {
    run "shell" { cmd = "exit 3" }
  }
  on_failure "shell" { cmd = "echo sorry, it $BUILD_STATUS" }
}

job "sleeper" {
  task "sleep" {
    run "shell" { cmd = "echo $$ > '${var.who}'; echo asleep; sleep 600" }
  }
  on_cancel "shell" { cmd = "echo cleaning; sleep 0.2; echo clean" }
}

job "stubborn" {
  task "sleep" {
    run "shell" { cmd = "echo $$ > '${var.who}'; trap '' TERM INT; echo asleep; while true; do sleep 0.1; done" }
  }
}

job "loud" {
  task "shout" {
    run "shell" { cmd = "while true; do echo loud; sleep 0.02; done" }
  }
}

job "beside" {
  in_parallel {
    fail_fast = true
    task "one" {
      run "shell" { cmd = "echo 1 > one; until test -e two; do sleep 0.02; done; printf 'half a line'; exit 3" }
    }
    task "two" {
      run "shell" { cmd = "touch two; echo '${var.who}'; sleep 600" }
      on_cancel "shell" { cmd = "echo mended" }
    }
  }
}

job "gets" {
  get "git" "app" {}
  task "look" {
    run "shell" { cmd = "cat app/file" }
  }
  put "git" "app" {}
}
"""


@pytest.fixture
def file(program: Program) -> str:
    (program.home / "pipeline.hcl").write_text(PIPELINE)
    return "pipeline.hcl"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def leftovers(program: Program) -> list[Path]:
    return list((program.home / "tmp").iterdir())


def test_a_job_that_succeeds_ends_with_0_and_leaves_nothing(program: Program, file: str) -> None:
    program.variables["A_SECRET"] = "hunter2"
    done = program("run", "-p", file, "-j", "good", "--var", "who=you")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["=== task greet", "hello you"]
    assert "the answer is 42" in lines
    assert lines[-1].startswith("Job good succeeded in ")
    assert "hunter2" not in done.stdout
    assert leftovers(program) == []


def test_a_job_that_fails_ends_with_1_and_runs_its_hooks(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "bad", "--var", "who=you")
    assert done.returncode == 1
    assert "sorry" in done.stdout.splitlines()
    assert "--- task mend: skipped: an earlier step did not succeed" in done.stdout.splitlines()
    assert 'task "break": exit status 3' in done.stdout.splitlines()[-1]


def test_a_job_that_may_fail_warns_ends_with_0_and_runs_the_hooks_of_a_failure(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "lenient", "--var", "who=you")
    assert done.returncode == 0
    assert "sorry, it failed" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1].startswith("Job lenient warning in ")
    assert 'task "break": exit status 3' in done.stdout.splitlines()[-1]


def test_an_unknown_job_is_answered_with_the_one_that_was_meant(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "goood", "--var", "who=you")
    assert done.returncode == 1
    assert done.stderr == 'Error: the pipeline has no job "goood"\nHint: did you mean "good"?\n'
    assert leftovers(program) == []


def test_a_missing_variable_is_named(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "good")
    assert done.returncode == 1
    assert 'No value for the variable "who"' in done.stderr
    assert "--var who=..." in done.stderr


def test_a_value_for_no_variable_is_warned_about(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "good", "--var", "who=you", "--var", "whom=you")
    assert done.returncode == 0
    assert 'warning: A value was given for "whom"' in done.stderr


def test_variables_come_from_a_file_or_standard_input(program: Program, file: str) -> None:
    (program.home / "vars.json").write_text('{"who": "file"}')
    assert "hello file\n" in program("run", "-p", file, "-j", "good", "-v", "vars.json").stdout
    assert "hello pipe\n" in program("run", "-p", file, "-j", "good", "-v", "-", text='{"who": "pipe"}').stdout


def test_a_directory_stands_for_a_resource(program: Program, file: str) -> None:
    (program.home / "code").mkdir()
    (program.home / "code" / "file").write_text("from here\n")
    done = program("run", "-p", file, "-j", "gets", "--var", "who=x", "--resource", "git.app=code")
    assert done.returncode == 0, done.stdout
    assert "from here\n" in done.stdout
    assert "nothing is published" in done.stdout


def test_a_get_takes_the_newest_version_of_a_real_repository(program: Program, git: str) -> None:
    repository = program.home / "repository"
    commands = [
        [git, "init", "--quiet", "--initial-branch=main", str(repository)],
        [git, "-C", str(repository), "commit", "--quiet", "--allow-empty", "-m", "first"],
        [git, "-C", str(repository), "commit", "--quiet", "--allow-empty", "-m", "newest"],
    ]
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in commands:
        subprocess.run(command, check=True, env={**program.environment, **who})
    resource = f'resource "git" "app" {{\n  params {{ url = "{repository}" }}\n}}\n'
    task = 'task "log" {\n    run "shell" { cmd = "git -C app log -1 --format=%s" }\n  }'
    (program.home / "git.hcl").write_text(f'{resource}job "test" {{\n  get "git" "app" {{}}\n  {task}\n}}\n')
    done = program("run", "-p", "git.hcl", "-j", "test")
    assert done.returncode == 0, done.stdout
    assert "newest" in done.stdout.splitlines()


def test_a_check_that_fails_fails_the_job_with_its_reason(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "gets", "--var", "who=x")
    assert done.returncode == 1
    assert "/nowhere" in done.stdout.splitlines()[-1]
    assert leftovers(program) == []


@pytest.mark.parametrize("resource", ["git.app", "=x", "git.app="])
def test_a_resource_without_a_directory_is_a_wrong_command_line(program: Program, file: str, resource: str) -> None:
    assert program("run", "-p", file, "-j", "gets", "--resource", resource).returncode == 2


@pytest.mark.parametrize("resource", ["git.nope=.", "git.app=nowhere"])
def test_a_resource_or_directory_that_is_not_there_is_one_clear_error(
    program: Program, file: str, resource: str
) -> None:
    done = program("run", "-p", file, "-j", "gets", "--var", "who=x", "--resource", resource)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert leftovers(program) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_and_the_hooks_run(program: Program, file: str, number: signal.Signals, status: int) -> None:
    pid_file = program.home / "pid"
    running = program.start("run", "-p", file, "-j", "sleeper", "--var", f"who={pid_file}")
    read_until(running, "asleep")
    running.send_signal(number)
    out, _ = running.communicate(timeout=30)
    assert running.returncode == status
    assert "clean" in out.splitlines()
    assert "Job sleeper cancelled in" in out
    assert not is_running(int(pid_file.read_text()))
    assert leftovers(program) == []


def test_a_second_signal_kills_what_does_not_want_to_end(program: Program, file: str) -> None:
    pid_file = program.home / "pid"
    running = program.start("run", "-p", file, "-j", "stubborn", "--var", f"who={pid_file}")
    read_until(running, "asleep")
    running.send_signal(signal.SIGINT)
    read_until(running, "SIGINT: cancelling, hooks still run; once more to kill")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=4)  # the grace period alone is longer
    assert running.returncode == 130
    assert not is_running(int(pid_file.read_text()))
    assert leftovers(program) == []


def test_a_kill_takes_the_commands_along(program: Program, file: str) -> None:
    pid_file = program.home / "pid"
    running = program.start("run", "-p", file, "-j", "stubborn", "--var", f"who={pid_file}")
    read_until(running, "asleep")
    running.kill()
    running.communicate(timeout=30)
    wait_until(lambda: not is_running(int(pid_file.read_text())))


def test_a_reader_that_goes_away_ends_the_job(program: Program, file: str) -> None:
    running = program.start("run", "-p", file, "-j", "loud", "--var", "who=x")
    read_until(running, "loud")
    assert running.stdout is not None
    running.stdout.close()
    assert running.wait(timeout=30) == 1
    assert leftovers(program) == []


def test_output_that_cannot_be_written_is_one_clear_error(program: Program, file: str) -> None:
    for arguments in (["run", "-p", file, "-j", "loud", "--var", "who=x"], ["pipeline", "validate", file]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [PROGRAM, *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=program.environment,
                cwd=program.home,
                timeout=30,
                check=False,
            )
        assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")
    assert leftovers(program) == []


def test_work_is_done_below_the_given_directory_which_stays(program: Program, file: str) -> None:
    (program.home / "work").mkdir()
    (program.home / "work" / "mine").touch()
    done = program("run", "-p", file, "-j", "good", "--var", "who=x", "--workdir", "work")
    assert f"WORKDIR={program.home / 'work'}/" in done.stdout
    assert [path.name for path in (program.home / "work").iterdir()] == ["mine"]


NOTIFYING = """
notification_type "own" {
  notify "shell" { cmd = "echo \\"sent: $NOTIFY_MESSAGE\\"" }
}
notification "own" "n" {
  message = "build $BUILD_NUMBER of $BUILD_JOB_NAME $BUILD_STATUS"
  on      = ["all"]
}
job "tell" {
  notify "own" "n" { message = "begins" }
}
"""


@pytest.mark.parametrize("flags", [(), ("--notify",)])
def test_notifications_are_shown_and_sent_on_demand(program: Program, flags: tuple[str, ...]) -> None:
    (program.home / "pipeline.hcl").write_text(NOTIFYING)
    done = program("run", "-p", "pipeline.hcl", "-j", "tell", *flags)
    told = "sent" if flags else "not sent, without --notify"
    lines = [line for line in done.stdout.splitlines() if not line.startswith("--- ")]
    assert lines[:4] == [
        "=== notify n",
        f"{told}: begins",
        "=== notify n",
        f"{told}: build 1 of tell succeeded",
    ]
    assert done.returncode == 0


def test_steps_side_by_side_are_told_apart(program: Program, file: str) -> None:
    done = program("run", "-p", file, "-j", "beside", "--var", "who=me")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:3] == ["=== in_parallel 2 steps", "=== task one", "=== task two"]
    assert {"task two | me", "task one | half a line", "task two, hook on_cancel | mended"} <= set(lines)
    assert any(line.endswith(': task "one" failed, which stopped the rest') for line in lines)
    assert lines[-1].endswith('in_parallel: task "one": exit status 3')
    assert leftovers(program) == []


def test_ctrl_c_ends_all_steps_side_by_side(program: Program) -> None:
    task = 'task "%s" {\n run "shell" { cmd = "trap \'\' TERM INT; echo up; while true; do sleep 0.1; done" }\n}\n'
    (program.home / "p.hcl").write_text('job "j" {\n in_parallel {\n' + task % "a" + task % "b" + "}\n}\n")
    with program.start("run", "-p", "p.hcl", "-j", "j") as process:
        read_until(process, "task a | up")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stdout is not None
        rest = process.stdout.read()
    assert "--- task a: cancelled" in rest
    assert "--- task b: cancelled" in rest
    assert leftovers(program) == []


def test_puts_of_artifacts_do_not_meet(program: Program) -> None:
    make = 'task "m" {\n run "shell" { cmd = "mkdir x y; head -c 3000000 /dev/zero > x/f; echo > y/f" }\n}\n'
    both = 'in_parallel {\n put "artifact" "a" { dir = "x" }\n put "artifact" "b" { dir = "y" }\n}\n'
    text = 'resource "artifact" "a" {}\nresource "artifact" "b" {}\njob "j" {\n' + make + both + "}\n"
    (program.home / "p.hcl").write_text(text)
    done = program("run", "-p", "p.hcl", "-j", "j")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
