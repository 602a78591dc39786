"""The arrays of the engine's state, growing with what is added.

Rules of this file: memory alone; what the columns mean is in kernel_state.py. Arrays double, so that adding
is cheap; a new `State` is made only when one has grown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_memory import LINE, WORDS
from cxsim.sim.replication.kernel_volume import DISK_COLUMNS, PART_COLUMNS
from cxsim.sim.replication.workload import Disk

Array = npt.NDArray[Any]


def aligned(shape: Sequence[int], dtype: Any) -> Array:
    """An array that begins where a cache line does, not filled."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + LINE, np.uint8)
    skip = -room.ctypes.data % LINE
    made: Array = room[skip : skip + size].view(dtype).reshape(shape)
    return made


def _grown(array: Array, length: int, axis: int = 0, empty: float = 0) -> Array:
    """The array with room for `length` along an axis, at least doubled when it has to grow."""
    if array.shape[axis] >= length:
        return array
    shape = list(array.shape)
    shape[axis] = max(length, 2 * array.shape[axis], 8)
    grown = aligned(shape, array.dtype)
    grown[...] = empty
    grown[tuple(slice(0, n) for n in array.shape)] = array
    return grown


def _new_row() -> Array:
    """A replication that has not connected yet."""
    row = np.zeros(s.REAL)
    never = (s.DUE, s.SINCE, s.FROM, s.UNTIL, s.STARTED, s.COVERED, s.START, s.SCAN_FROM, s.DONE)
    row[list(never)] = math.inf
    row[[s.NEWEST, s.DONE]] = -math.inf
    row[s.PLAN_TAKES] = math.inf
    return row


_NEW_ROW = _new_row()


class State:
    """The arrays by name, and the layout that kernels take."""

    def __init__(self) -> None:
        self.layout = np.zeros(WORDS * len(s.ARRAYS), np.int64)
        self._arrays: dict[str, Array] = {}

    def put(self, name: str, array: Array) -> None:
        """Keep an array under a name."""
        slot = WORDS * s.ARRAYS.index(name)
        self._arrays[name] = array
        self.layout[slot] = array.ctypes.data
        self.layout[slot + 1] = array.shape[_LENGTH_AXIS.get(name, 0)]

    def __getattr__(self, name: str) -> Array:
        try:
            return self._arrays[name]
        except KeyError:
            raise AttributeError(name) from None

    def grow(self, name: str, length: int, empty: float = 0) -> None:
        """Have room for `length`."""
        array = self._arrays[name]
        axis = _LENGTH_AXIS.get(name, 0)
        if array.shape[axis] < length:
            self.put(name, _grown(array, length, axis, empty))


_LENGTH_AXIS = dict.fromkeys(("due", "ids", "keys", "heaps"), 1)
_BY_REPLICATION = ("real", "whole", "causes", "due", "ids", "keys", "heaps", "held", "later")
_PLACES = ("at", "places", "place")


class Store:
    """Owns the state."""

    def __init__(self, of_last: int, per_vm_ages: bool) -> None:
        self._per_vm_ages, self._of_last = per_vm_ages, of_last
        self.replications = self.vms = self.groups = 0
        self._disks = self._parts = self._words = 0
        self._tables: dict[int, tuple[Array, int]] = {}
        self.state = State()
        empty: dict[str, Array] = {
            "real": np.zeros((0, s.REAL)),
            "whole": np.zeros((0, s.WHOLE), np.int32),
            "recent": np.zeros(0),
            "causes": np.zeros((0, 2 * s.CAUSES)),
            "running": np.zeros((0, 3)),
            "slots": np.zeros((0, 2), np.int64),
            "planned": np.zeros(1000, np.int32),
            "num": np.zeros(s.NUM),
            "cnt": np.zeros(s.CNT, np.int64),
            "out": np.zeros((s.OUT_ROWS + 64, s.OUT_COLUMNS)),
            "due": np.zeros((s.QUEUES, 0)),
            "ids": np.zeros((s.QUEUES, 0), np.int32),
            "at": np.zeros((0, s.QUEUES), np.int32),
            "day_first": np.full(16, -1, np.int32),
            "later": np.zeros((0, 2)),
            "disks": np.zeros((0, DISK_COLUMNS)),
            "parts": np.zeros((0, PART_COLUMNS)),
            "table": np.zeros(1),
            "vm_kinks": np.zeros((0, s.BINS), np.int32),
            "vm_sums": np.zeros((0, s.BINS)),
            "fleet": np.zeros((2, s.BINS)),
            "keys": np.zeros((4, 0)),
            "heaps": np.zeros((4, 0), np.int32),
            "places": np.zeros((0, 4), np.int32),
            "held": np.zeros(0),
            "level": np.zeros(5),
            "counts": np.zeros(3, np.int64),
        }
        for name, array in empty.items():
            self.state.put(name, array)
        self.set_network([], [], 0.0)
        self.state.cnt[s.VM_AGES] = int(per_vm_ages)
        self.state.cnt[s.OF_LAST] = of_last
        self.state.num[s.DAY_S] = 60.0

    def add_vm(self, on: bool, since_s: float) -> int:
        """A row for a VM."""
        self.state.grow("running", self.vms + 1)
        self.state.running[self.vms] = (float(on), since_s, 0.0)
        self.vms += 1
        return self.vms - 1

    def add_group(self, limit: int) -> int:
        """A limit on how many replications of a host or replicator are at work."""
        self.state.grow("slots", self.groups + 1)
        self.state.slots[self.groups] = (limit, 0)
        self.groups += 1
        return self.groups - 1

    def add_replication(self, disks: Sequence[Disk]) -> int:
        """A row for a replication of these disks."""
        first, end = self._add_disks(disks)
        i = self.replications
        self.replications += 1
        st = self.state
        if len(st.real) < self.replications:
            st.grow("real", self.replications)
            room = len(st.real)
            for name in _BY_REPLICATION:
                st.grow(name, room)
            for name in _PLACES:
                st.grow(name, room, empty=-1)
            st.grow("recent", room * self._of_last)
            if self._per_vm_ages:
                st.grow("vm_kinks", room)
                st.grow("vm_sums", room)
        st.real[i] = _NEW_ROW
        whole = st.whole[i]
        whole[s.FIRST_DISK], whole[s.END_DISK] = first, end
        whole[s.HOST] = whole[s.REPLICATOR] = -1
        st.cnt[s.REPLICATIONS] = self.replications
        return i

    def fits_calendar(self, rpo_s: float) -> bool:
        """Whether the calendar of starts has a day for every replication, and reaches over this RPO."""
        days = len(self.state.day_first)
        return self.replications <= days and rpo_s <= days * float(self.state.num[s.DAY_S])

    def new_calendar(self, rpo_s: float, now_s: float) -> None:
        """Make an empty calendar of starts that fits this RPO too."""
        reach_s = max(rpo_s, len(self.state.day_first) * float(self.state.num[s.DAY_S]))
        days = max(len(self.state.day_first), 1 << max(0, len(self.state.real) - 1).bit_length())
        self.state.put("day_first", np.full(days, -1, np.int32))
        self.state.num[s.DAY_S] = reach_s / days
        self.state.cnt[s.DAY] = int(now_s / (reach_s / days))

    def _add_disks(self, disks: Sequence[Disk]) -> tuple[int, int]:
        first, st = self._disks, self.state
        for disk in disks:
            parts = disk.workload.parts()
            st.grow("disks", self._disks + 1)
            st.grow("parts", self._parts + len(parts))
            end = self._parts + len(parts)
            st.disks[self._disks] = (self._parts, end, disk.size_bytes, disk.quiesce_bytes)
            for part in parts:
                begin, windows = self._table(part.table)
                st.parts[self._parts] = (
                    part.kind,
                    part.scale,
                    part.working_set_bytes,
                    begin,
                    windows,
                    part.window_s,
                    part.offset_s,
                    0.0,
                )
                self._parts += 1
            self._disks += 1
        return first, self._disks

    def _table(self, table: Array | None) -> tuple[int, int]:
        """Where a cumulative table is; the same array is kept once."""
        if table is None:
            return 0, 1
        if id(table) not in self._tables:
            words = self._words + len(table)
            self.state.grow("table", words)
            self.state.table[self._words : words] = table
            self._tables[id(table)] = (table, self._words)
            self._words = words
        return self._tables[id(table)][1], len(table) - 1

    def set_network(self, routes: Sequence[Sequence[int]], capacity: Sequence[float], now_s: float) -> None:
        """Transfers share links by these routes from now on; none is at work."""
        n, room, count = len(routes), len(self.state.real), len(capacity)
        begin = np.zeros(n + 1, np.int32)
        np.cumsum([len(route) for route in routes], out=begin[1:])
        links = np.array([link for route in routes for link in route], np.int32)
        self.state.put("route_begin", begin)
        self.state.put("route_links", links)
        for name in ("who", "by_cap"):
            self.state.put(name, np.zeros(n, np.int32))
        for name in ("left", "rate", "cap"):
            self.state.put(name, np.zeros(n))
        self.state.put("place", np.full(room, -1, np.int32))
        for name in ("slot_place", "chain_next", "chain_before"):
            self.state.put(name, np.zeros(len(links), np.int32))
        for name in ("users", "used_links", "used_at", "open_users", "heap_links"):
            self.state.put(name, np.zeros(count, np.int32))
        self.state.put("chain_head", np.full(count, -1, np.int32))
        self.state.put("capacity", np.array(capacity, np.float64))
        for name in ("free", "shares"):
            self.state.put(name, np.zeros(count))
        self.state.put("busy", np.zeros(3, np.int64))
        self.state.put("moved_to", np.array([now_s]))
