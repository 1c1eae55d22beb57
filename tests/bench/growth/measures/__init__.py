"""All measures, in the order in which they run."""

from tests.bench.growth.measure import Measure
from tests.bench.growth.measures import (
    fleet,
    followers,
    history,
    jobs,
    lines,
    logs,
    pipelines,
    versions,
)

MEASURES: tuple[Measure, ...] = tuple(
    sorted(
        (
            *lines.MEASURES,
            *history.MEASURES,
            *logs.MEASURES,
            *versions.MEASURES,
            *followers.MEASURES,
            *fleet.MEASURES,
            *jobs.MEASURES,
            *pipelines.MEASURES,
        ),
        key=lambda measure: (measure.row, measure.name),
    )
)
