"""Totals of all replications at an instant, by whole arrays: for whoever notes them now and then.

Rules of this file: reads of an engine's state that change no result; the definitions are accounting.vm_rpo's.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cxsim.sim.replication import kernel_engine as kernel
from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.engine import Engine

Floats = npt.NDArray[np.float64]


def clocks(engine: Engine, at_s: float) -> tuple[Floats, Floats, Floats]:
    """Of every replication up to `at_s`: seconds in violation, violations begun, seconds observed."""
    st, n = engine.store.state, engine.replications
    real, at_s = st.real[:n], max(at_s, engine.clock_s)
    started = real[:, s.FROM] < math.inf
    running = started & (real[:, s.UNTIL] == math.inf)
    since_s = np.maximum(real[:, s.FROM], np.minimum(real[:, s.SINCE], real[:, s.DUE]))
    going_s = np.where(running, np.maximum(0.0, at_s - since_s), 0.0)
    until_s = np.minimum(real[:, s.UNTIL], at_s)
    observed_s = np.where(started, until_s - real[:, s.FROM], 0.0)
    return real[:, s.VIOLATED_S] + going_s, st.whole[:n, s.VIOLATIONS] + (going_s > 0), observed_s


def sent_bytes(engine: Engine, at_s: float) -> float:
    """What all replications have shipped up to `at_s`, syncs that are going on included."""
    st, n = engine.store.state, engine.replications
    real, state = st.real[:n], st.whole[:n, s.STATE]
    going = np.flatnonzero((state == s.SYNCING) | (state == s.ACTIVE))
    at_s = max(at_s, engine.clock_s)
    partly = (
        float(real[i, s.MOVED] + real[i, s.TOTAL]) - kernel.left(st.layout, i, at_s) for i in going.tolist()
    )
    return math.fsum((float(real[:, s.SHIPPED].sum()), *partly))


def take_peaks(engine: Engine, at_s: float) -> Floats:
    """The highest data age of every replication since the last call, up to `at_s`; 0 where no clock runs.
    `Engine.rpo` goes on telling the highest of all."""
    real = engine.store.state.real[: engine.replications]
    running = (real[:, s.FROM] < math.inf) & (real[:, s.UNTIL] == math.inf)
    now_s = np.where(running, max(at_s, engine.clock_s) - real[:, s.NEWEST], 0.0)
    found: Floats = np.maximum(real[:, s.PEAK], now_s)
    earlier = engine.earlier_peaks_s
    highest = found.copy()
    highest[: len(earlier)] = np.maximum(earlier, found[: len(earlier)])
    engine.earlier_peaks_s = highest
    real[:, s.PEAK] = now_s
    return found
