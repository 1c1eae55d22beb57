"""A server without HTTP, broker and real time: its services over a real store, and short ways to use them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build, BuildStatus, StepStatus
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.events import BuildEvent, BuildFinished, LogWritten, StepFinished, StepStarted
from pikoci.internal.domain.gateway import BuildAssignment, CheckResult, ClaimRef, Heartbeat, WorkerHello
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.domain.pipeline import ResourceState, Version
from pikoci.internal.domain.queues import ANNOUNCEMENT
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings, build_services
from pikoci.internal.service.plumbing.ports import QueueState
from pikoci.internal.service.use_cases.views import BuildDetail

START = 1_000_000.0

PLAIN = """
    job "run" {
      task "t" {
        run "exec" {
          path = "/bin/true"
        }
      }
    }
"""

TYPE = """
    resource_type "made" {
      check "exec" {
        path = "/bin/true"
      }
      pull "exec" {
        path = "/bin/true"
      }
      push "exec" {
        path = "/bin/true"
      }
    }
    resource "made" "repo" {
      check_interval = "@every 1m"
    }
"""


class FakeClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.time = START
        self._jumped = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - self._jumped

    def advance(self, seconds: float) -> None:
        self.time += seconds

    def jump(self, seconds: float) -> None:
        """The wall clock is set, and no time passes."""
        self.time += seconds
        self._jumped += seconds


class RecordingPublisher:
    """Keeps what was published; `away` plays a broker that is down, `forgetful` one that loses everything."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, int]] = []
        self.announced: list[tuple[str, int]] = []
        self.away = False
        self.known_depth: int | None = None

    def publish(self, queue: str, *bodies: bytes) -> None:
        if self.away:
            raise UnavailableError("the broker is away")
        for body in bodies:
            kept = self.announced if body.startswith(ANNOUNCEMENT) else self.messages
            kept.append((queue, int(body.removeprefix(ANNOUNCEMENT))))

    def depth(self, queue: str) -> QueueState | None:
        if self.away:
            raise UnavailableError("the broker is away")
        return None if self.known_depth is None or not queue else QueueState(self.known_depth, oldest=7.5)

    def take(self, queue: str = "jobs") -> list[int]:
        """What was published on the queue since the last call."""
        taken = [number for name, number in self.messages if name == queue]
        self.messages = [message for message in self.messages if message[0] != queue]
        return taken


class World:
    """One team, one administrator, one pipeline `p` and a worker `w`."""

    def __init__(self, store: Store, settings: ServiceSettings | None = None) -> None:
        self.store = store
        self.clock = FakeClock()
        self.publisher = RecordingPublisher()
        self.services = build_services(store, self.publisher, self.clock, settings, jwt_secret="s" * 32)
        with store.transaction():
            team = store.accounts.find_team("main") or store.accounts.create_team("main")
            user = store.accounts.find_user("alice") or store.accounts.create_user(
                "alice", "no hash", is_admin=True, must_change_password=False
            )
        self.team = team.name
        self.alice = Principal(user=user)

    def set(self, config: str, name: str = "p") -> None:
        self.services.pipelines.set(self.alice, self.team, name, dedent(config), {})

    def trigger(self, job: str = "run", inputs: dict[str, int] | None = None, pipeline: str = "p") -> Build:
        return self.services.builds.trigger(self.alice, self.team, pipeline, job, inputs)

    def build(self, build: Build) -> Build:
        """The build as it is now."""
        return self.build_of(build.id)

    def build_of(self, build_id: int) -> Build:
        """The build of that id."""
        found = self.store.builds.get(build_id)
        assert found is not None
        return found

    def reason(self, build: Build) -> str:
        """Why the build is as it is, as people are told a while later."""
        self.clock.advance(1)
        return self.detail(build).build.reason

    def builds(self, job: str = "run") -> list[Build]:
        """A job's builds, oldest first."""
        page = self.services.builds.list(self.alice, self.team, "p", job, limit=1000)
        return page.items[::-1]

    def detail(self, build: Build) -> BuildDetail:
        return self.services.builds.get(self.alice, self.team, "p", build.job, build.name)

    def log(self, build: Build) -> str:
        return b"".join(chunk.data for chunk in self.services.builds.read_log(build.id)).decode()

    def schedule(self) -> None:
        """Let the scheduler do all there is to do."""
        while self.services.scheduling.schedule_jobs():
            pass

    def register(self, instance: str = "i1", name: str = "w", place: str = "here", level: int = LEVEL) -> None:
        """A process of the worker; a later one at the same place proves that the earlier one is dead."""
        hello = WorkerHello(
            name=name,
            instance=instance,
            version="1",
            queues=["jobs", "checks"],
            concurrency=4,
            place=place,
            level=level,
        )
        self.services.gateway.register(hello)

    def beat(
        self, builds: Sequence[ClaimRef] = (), instance: str = "i1", checks: Sequence[ClaimRef] = ()
    ) -> list[ClaimRef]:
        """A heartbeat; returns the claims that are lost."""
        beat = Heartbeat(name="w", instance=instance, state="running", builds=list(builds), checks=list(checks))
        reply = self.services.gateway.heartbeat(beat)
        return [*reply.lost, *reply.lost_checks]

    def claim(self, build: Build, instance: str = "i1") -> BuildAssignment:
        return self.services.gateway.claim_build(build.id, "w", instance)

    def report(self, build: Build, claim: int, first: int, *events: BuildEvent) -> None:
        self.services.gateway.report(build.id, claim, first, events)

    def events(self, status: BuildStatus = BuildStatus.SUCCEEDED) -> list[BuildEvent]:
        """What a worker tells about a short build."""
        at = self.clock.now()
        step = StepStatus.SUCCEEDED if status is BuildStatus.SUCCEEDED else StepStatus.FAILED
        return [
            StepStarted(step="1", name="t", kind="task", at=at),
            LogWritten(step="1", at=at, data=b"hello\n"),
            StepFinished(step="1", status=step, at=at, exit_code=0),
            BuildFinished(status=status, at=at),
        ]

    def run(self, build: Build, status: BuildStatus = BuildStatus.SUCCEEDED) -> Build:
        """Claim, run and report a build, or whichever is before it in line; then let the scheduler look."""
        return self.finish(self.claim(build), status)

    def finish(self, assignment: BuildAssignment, status: BuildStatus = BuildStatus.SUCCEEDED) -> Build:
        """Run and report a claimed build; then let the scheduler look."""
        self.services.gateway.report(assignment.build.id, assignment.claim, 1, self.events(status))
        self.schedule()
        return self.build_of(assignment.build.id)

    def resource(self, canonical: str = "made.repo", pipeline: str = "p") -> ResourceState:
        owner = self.store.pipelines.find(self.team, pipeline)
        assert owner is not None
        found = self.store.resources.find(owner.id, canonical)
        assert found is not None
        return found

    def find_versions(self, *names: str, canonical: str = "made.repo") -> list[Version]:
        """A check finds versions `{"v": name}`, and the scheduler looks at what that means; returns them."""
        state = self.resource(canonical)
        self.services.resources.check(self.alice, self.team, "p", canonical)
        self.services.scheduling.dispatch_checks()
        assignment = self.services.gateway.claim_check(state.id, "w", "i1")
        result = CheckResult(versions=[{"v": name} for name in names])
        self.services.gateway.finish_check(state.id, assignment.claim, result)
        self.schedule()
        found = [self.store.versions.find(state.id, {"v": name}) for name in names]
        return [version for version in found if version is not None]

    def taken(self, build: Build) -> dict[str, object]:
        """The versions that a build took in, by get."""
        return {given.get: given.version["v"] for given in self.store.builds.inputs(build.id)}
