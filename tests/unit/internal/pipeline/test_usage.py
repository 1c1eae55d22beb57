"""What files use of the language, and which of them show a part of it best."""

from __future__ import annotations

from pikoci.internal.pipeline.usage import best_examples, usage


def test_blocks_and_attributes_are_found_wherever_they_stand() -> None:
    text = """
env = { A = "b" }
job "j" {
  timeout = "1m"
  unknown = 1
  in_parallel {
    limit = 2
    task "t" {
      run "shell" { cmd = "true" }
      ensure "shell" { cmd = "true" }
    }
  }
  ensure {
    task "u" { attempts = 2 }
  }
  nothing {
    task "v" { caches = [] }
  }
}
"""
    assert usage(text) == {
        "pipeline": {"env"},
        "job": {"timeout"},
        "step.in_parallel": {"limit"},
        "step.task": {"attempts"},
        "step.run": set(),
        "hook.ensure": set(),
    }


def test_what_is_called_like_a_block_comes_first_then_what_shows_most_then_what_is_about_least_else() -> None:
    usages: dict[str, dict[str, set[str]]] = {
        "all.hcl": {"job": {"timeout", "tags", "env"}, "step.task": {"env"}, "step.run": set(), "hook.ensure": set()},
        "jobs.hcl": {"job": {"timeout", "tags"}, "step.task": set()},
        "runners.hcl": {"job": {"env"}, "step.task": {"env"}, "step.run": set()},
        "small.hcl": {"step.run": set(), "hook.ensure": set()},
    }
    assert best_examples(usages) == {
        "job": ["jobs.hcl", "runners.hcl"],
        "step.task": ["runners.hcl"],
        "step.run": ["runners.hcl"],
        "hook.ensure": ["small.hcl"],
    }
