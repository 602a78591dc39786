"""The state of the replication engine: plain arrays, and what their columns mean.

Rules of this file: names and shapes alone. A replication is a row of `real`, `whole`, `recent` and
`causes`, so that an event touches few cache lines; times are seconds since the engine's origin, volumes
bytes, rates bytes a second. `num` and `cnt` hold what there is once: settings, the clock, lengths, totals.
"""

from __future__ import annotations

from numba import types

from cxsim.sim.replication.kernel_memory import ahead, columns, flat, rows
from cxsim.sim.replication.kernel_volume import DISK_COLUMNS, PART_COLUMNS

# Columns of `real`, eight to a cache line: the first two lines are what a start touches, these and the next
# two what a completion does.
(
    DUE,  # when the data age passes the RPO; inf while no clock runs
    SINCE,  # the violation that is going on began then; inf: none
    MARK,  # up to here, time is accounted to a cause
    MARK_LEFT,
    CAP,  # bytes a second that it may ship now
    STARTED,  # of the running sync, or of the last one
    LEFT,  # of it, while nothing is shipped
    TOTAL,
    MOVED,  # by earlier rounds of this sync
    START,  # when the next instance is due
    SCAN_LEFT,
    COVERED,  # the interval whose changes it ships; inf: the full copy
    STARTED_RUN,  # running time of the VM then
    PATH_CAP,  # what its path may carry
    ATTEMPT,
    SCAN_FROM,  # SCAN_LEFT is of this instant; inf while nothing is compared
    RPO,
    NEWEST,  # start of the newest complete instance
    FROM,  # the RPO clock runs from here; inf: not yet
    UNTIL,  # ... to here; inf: it is running
    PEAK,
    TOOTH,  # data age when the newest instance completed
    SHIPPED,  # all bytes of complete instances
    DONE,  # when the last one was complete
    PLAN_FROM,  # the next start: not before, at the latest, expected duration with the margin (inf: unknown)
    PLAN_LATEST,
    PLAN_TAKES,
    VIOLATED_S,
    LOST,
    SCAN_TOTAL,
    ASKED,  # when the running sync was due; it has STARTED later if it waited for a slot
) = range(31)
REAL = 32

# Columns of `whole`, sixteen to a cache line: the first is what a start touches.
(
    STATE,
    CONNECTED,
    PAUSED,
    MOVING,  # it takes part in the sharing of the links
    SENT,  # everything was sent before all was compared
    SLOT,
    HOST,
    REPLICATOR,
    VM,
    FIRST_DISK,
    END_DISK,
    CAP_CAUSE,
    PATH_CAUSE,
    WANTED,
    FINAL,
    SEQUENCE,
    REMEMBERED,
    OLDEST,
    SYNCS,
    LATE,
    VIOLATIONS,
    ROUND,
    ROUTED,
    EVER,
    FAILURES,
    IN_ERROR,
    WAIT_CAUSE,  # whose slot was not free when it last asked
    RECEIVER,  # the replicator at the other end
) = range(28)
WHOLE = 32

SYNCING, IDLE, ACTIVE, ENDED = range(4)
"""STATE."""
NO_SLOT, WAITS, HAS_SLOT = range(3)
"""SLOT."""

# What a violation was spent on: columns of `causes`, first of the one that is going on, then of all.
LINK, PATH, READ, BY_REPLICATOR, BY_HOST, SCHEDULE, CONNECTION, PAUSE = range(8)
CAUSES = 8

# Rows of the queues.
RARE, PASSED, STARTS, WAITING = range(4)
QUEUES = 4

# Entries of `num`.
(
    CLOCK_S,
    READ_RATE,
    MARGIN,
    MIN_INTERVAL_S,
    TOLERANCE_S,
    STEP_S,
    MOST_S,
    PATIENCE_S,
    PATIENCE_LOST_S,
    INTERVAL_S,
    SHIPPED_FRACTION,
    DAY_S,
) = range(12)
NUM = 12
# Entries of `cnt`: lengths of the queues (QUEUES of them) first.
(
    REPLICATIONS,
    OUT,
    GENERAL,
    NOTIFY,
    VM_AGES,
    OF_LAST,
    RULE,
    RESTART,
    CATCH_UP,
    EVENTS,
    KEEP,
    EVEN_OUT,
    DAY,  # of the calendar of starts (kernel_calendar.py)
    LATER,  # how many wait for later days
) = range(QUEUES, QUEUES + 14)
CNT = QUEUES + 14

LATER_S, NEXT = range(2)
"""Columns of `later`."""

VENDOR, FIXED, CONTINUOUS = range(3)
"""RULE."""

INSTANCE, RPO_CHANGE, VIOLATION = range(3)
"""Kinds of rows of `out`: (kind, replication, a, b, c, d, e)."""
OUT_COLUMNS = 7
OUT_ROWS = 4096
OUT_SPARE = 8
"""An event adds no more rows than this."""

BINS = 208
LINEAR_BINS, BINS_PER_RPO, BINS_PER_OCTAVE = 128, 32, 8
"""Bins of the data age over the RPO: 32 for every RPO up to 4, above that 8 for every doubling."""


_F8, _I8, _I4 = types.float64, types.int64, types.int32

ARRAYS = (
    *("real", "whole", "recent", "causes", "running", "slots", "planned", "num", "cnt", "out"),
    *("due", "ids", "at"),  # what is due: kernel_queue.py
    *("day_first", "later"),  # starts of later days: kernel_calendar.py
    *("disks", "parts", "table"),  # what is written: kernel_volume.py
    *("vm_kinks", "vm_sums", "fleet"),  # how old the data was for how long: kernel_ages.py
    *("keys", "heaps", "places", "held", "level", "counts"),  # kernel_bottleneck.py, while all have one route
    *("who", "by_cap", "place", "left", "rate", "cap"),  # kernel_transfers.py, while routes differ:
    *("route_begin", "route_links", "slot_place", "chain_next", "chain_before"),
    *("users", "chain_head", "used_links", "used_at", "open_users", "heap_links"),
    *("capacity", "free", "shares", "busy", "moved_to"),
)
"""The arrays of the state in the order of the layout (kernel_memory.py); functions of the layout below."""
_SLOT = {name: slot for slot, name in enumerate(ARRAYS)}

real = rows(_SLOT["real"], _F8, REAL)
whole = rows(_SLOT["whole"], _I4, WHOLE)
recent = flat(_SLOT["recent"], _F8)
"""OF_LAST durations for every replication."""
causes = rows(_SLOT["causes"], _F8, 2 * CAUSES)
running = rows(_SLOT["running"], _F8, 3)
"""By VM: on, since, running time before."""
slots = rows(_SLOT["slots"], _I8, 2)
"""By group: limit, used."""
planned = flat(_SLOT["planned"], _I4)
"""Scratch: those whose starts are evened out."""
num = flat(_SLOT["num"], _F8)
cnt = flat(_SLOT["cnt"], _I8)
out = rows(_SLOT["out"], _F8, OUT_COLUMNS)
due = columns(_SLOT["due"], _F8, QUEUES)
ids = columns(_SLOT["ids"], _I4, QUEUES)
at = rows(_SLOT["at"], _I4, QUEUES)
day_first = flat(_SLOT["day_first"], _I4)
later = rows(_SLOT["later"], _F8, 2)
disks = rows(_SLOT["disks"], _F8, DISK_COLUMNS)
parts = rows(_SLOT["parts"], _F8, PART_COLUMNS)
table = flat(_SLOT["table"], _F8)
vm_kinks = rows(_SLOT["vm_kinks"], _I4, BINS)
vm_sums = rows(_SLOT["vm_sums"], _F8, BINS)
fleet = rows(_SLOT["fleet"], _F8, BINS)
keys = columns(_SLOT["keys"], _F8, 4)
heaps = columns(_SLOT["heaps"], _I4, 4)
places = rows(_SLOT["places"], _I4, 4)
held = flat(_SLOT["held"], _F8)
level = flat(_SLOT["level"], _F8)
counts = flat(_SLOT["counts"], _I8)
who, by_cap, place = (flat(_SLOT[name], _I4) for name in ("who", "by_cap", "place"))
left, rate, cap = (flat(_SLOT[name], _F8) for name in ("left", "rate", "cap"))
route_begin, route_links = flat(_SLOT["route_begin"], _I4), flat(_SLOT["route_links"], _I4)
slot_place = flat(_SLOT["slot_place"], _I4)
chain_next, chain_before = flat(_SLOT["chain_next"], _I4), flat(_SLOT["chain_before"], _I4)
users, chain_head = flat(_SLOT["users"], _I4), flat(_SLOT["chain_head"], _I4)
used_links, used_at = flat(_SLOT["used_links"], _I4), flat(_SLOT["used_at"], _I4)
open_users, heap_links = flat(_SLOT["open_users"], _I4), flat(_SLOT["heap_links"], _I4)
capacity, free, shares = (flat(_SLOT[name], _F8) for name in ("capacity", "free", "shares"))
busy = flat(_SLOT["busy"], _I8)
moved_to = flat(_SLOT["moved_to"], _F8)

# What is needed soon (kernel_memory.ahead).
fetch_start = ahead(_SLOT["real"], _F8, REAL, 0, 2)
fetch_rest = ahead(_SLOT["real"], _F8, REAL, 2, 4)
fetch_whole = ahead(_SLOT["whole"], _I4, WHOLE, 0, 1)
fetch_whole_rest = ahead(_SLOT["whole"], _I4, WHOLE, 1, 2)
fetch_running = ahead(_SLOT["running"], _F8, 3, 0, 1)
fetch_disks = ahead(_SLOT["disks"], _F8, DISK_COLUMNS, 0, 1)
fetch_parts = ahead(_SLOT["parts"], _F8, PART_COLUMNS, 0, 1)
fetch_at = ahead(_SLOT["at"], _I4, QUEUES, 0, 1)
fetch_places = ahead(_SLOT["places"], _I4, 4, 0, 1)
fetch_recent = ahead(_SLOT["recent"], _F8, 1, 0, 2)
fetch_later = ahead(_SLOT["later"], _F8, 2, 0, 1)
