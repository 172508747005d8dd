"""``time``: it asks the clock, or the local time zone."""

from __future__ import annotations

from dagport.evaluate.domain import Native
from dagport.evaluate.library.support import clock, constant, opaque

CLOCKS = (
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns localtime gmtime "
    "ctime strftime asctime mktime"
)
FUNCTIONS: dict[str, Native] = {
    **{f"time.{name}": clock() for name in CLOCKS.split()},
    "time.sleep": constant(None),
    "time.strptime": opaque("a time that is read isn't followed"),
}
