"""How names and times are written, for the rooms that see the domain only through the services."""

from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.times import relative_time, short_duration

__all__ = ["full_name", "relative_time", "short_duration"]
