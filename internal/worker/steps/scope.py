"""Where the steps of a plan run: what they see of those before them, and when they have to stop."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from pikoci.internal.domain.variables import fault_of
from pikoci.internal.worker.tools.lifetime import Cause, Lifetime
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.internal.worker.tools.secrets import SecretReader


class Scope:
    """A stretch of a plan: the whole of it, a step's attempt, a hook.

    Scopes nest. An inner one starts from what its outer one sees. What it exports stays inside until it ends, and is
    then seen by all that runs in the outer one afterwards: scopes beside one another know nothing of each other.
    """

    def __init__(
        self,
        lifetime: Lifetime,
        variables: Mapping[str, str],
        env: Mapping[str, str] | None = None,
        secrets: SecretReader | None = None,
        cleanup: Lifetime | None = None,
    ) -> None:
        """`env` is the pipeline's, texts of a plan that `secrets` completes; no name of it is one of `variables`.

        `cleanup` is the lifetime of hooks that outlast this scope, where it is another one than the build's.
        """
        self.lifetime = lifetime
        self.cleanup = cleanup
        self._given = dict(variables)
        self._env = dict(env or {})
        self._secrets = secrets
        self._exports: dict[str, str] = {}

    @property
    def cause(self) -> Cause | None:
        """Why this ended early; None while it may go on."""
        return self.lifetime.cause

    @property
    def variables(self) -> dict[str, str]:
        """What belongs to the build and is seen here, without the machine's: what a runner's `$env` hands on.

        Asked for where something begins to use it, as secrets are read for it. Raises StepError where one cannot be
        had, or fits in no variable.
        """
        env = self._secrets.fill(self._env, self.lifetime) if self._secrets else self._env
        for name, value in env.items():
            if value != self._env[name] and (fault := fault_of(name, value)):
                raise StepError(failed(fault))
        return {**env, **self.known}

    @property
    def known(self) -> dict[str, str]:
        """As `variables`, without the pipeline's `env`: what the build is and what its steps exported."""
        return {**self._given, **self._exports}

    def export(self, values: Mapping[str, str]) -> None:
        """Have all that runs in here from now on see these."""
        self._exports.update(values)

    def forget(self) -> None:
        """Drop what was exported in here: it is tried again."""
        self._exports.clear()

    def beside(self, lifetime: Lifetime, cleanup: Lifetime) -> Scope:
        """A scope inside this one for what runs beside others. What it exports stays there until it is taken over."""
        return Scope(lifetime, self.known, self._env, self._secrets, cleanup)

    def take_over(self, inner: Scope) -> None:
        """Have all that runs in here from now on see what `inner` has exported."""
        self.export(inner._exports)

    @contextmanager
    def nested(
        self,
        timeout: float = 0.0,
        subject: str = "",
        *,
        lifetime: Lifetime | None = None,
        given: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Generator[Scope]:
        """A scope inside this one, with a time limit of its own (seconds; 0 is none).

        It ends with `lifetime` rather than with this scope, if one is given: clean-up outlasts what it cleans up. It
        sees `given` and `env` besides; these, unlike what it exports, never get out.
        """
        with (
            (lifetime or self.lifetime).nested(timeout, subject) as inside,
            self._inner(inside, given or {}, env or {}) as inner,
        ):
            yield inner

    @contextmanager
    def with_env(self, env: Mapping[str, str]) -> Generator[Scope]:
        """A scope inside this one that ends with it, and sees these environment variables besides."""
        with self._inner(self.lifetime, {}, env) as inner:
            yield inner

    @contextmanager
    def _inner(self, lifetime: Lifetime, given: Mapping[str, str], env: Mapping[str, str]) -> Generator[Scope]:
        inner = Scope(lifetime, {**self.known, **given}, {**self._env, **env}, self._secrets, self.cleanup)
        try:
            yield inner
        finally:
            self.take_over(inner)
