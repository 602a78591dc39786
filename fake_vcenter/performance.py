"""PerformanceManager: a few counters, no samples.

Rules of this file: enough for a client that looks; statistics of load are not emulated.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model

COUNTERS = (
    (2, "cpu", "usage", "percent", "average", "rate"),
    (6, "cpu", "usagemhz", "megaHertz", "average", "rate"),
    (24, "mem", "usage", "percent", "average", "absolute"),
    (98, "mem", "consumed", "kiloBytes", "average", "absolute"),
    (125, "disk", "usage", "kiloBytesPerSecond", "average", "rate"),
    (143, "net", "usage", "kiloBytesPerSecond", "average", "rate"),
)
"""Key, group, name, unit, rollup, kind: a vCenter's own keys."""

INTERVALS = ((1, 300, 86400, "Past day"), (2, 1800, 604800, "Past week"), (3, 7200, 2592000, "Past month"))
"""Key, seconds between samples, seconds kept, name."""


class PerformanceManager(Managed):
    """Lists counters."""

    vim_type = vim.PerformanceManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "PerfMgr")

    @prop("perfCounter")
    def _counters(self) -> list[Any]:
        return [
            data(
                vim.PerformanceManager.CounterInfo,
                key=key,
                nameInfo=_described(name),
                groupInfo=_described(group),
                unitInfo=_described(unit),
                rollupType=rollup,
                statsType=kind,
                level=1,
                perDeviceLevel=3,
            )
            for key, group, name, unit, rollup, kind in COUNTERS
        ]

    @prop("historicalInterval")
    def _intervals(self) -> list[Any]:
        return [
            data(
                vim.HistoricalInterval,
                key=key,
                samplingPeriod=every_s,
                name=name,
                length=kept_s,
                level=1,
                enabled=True,
            )
            for key, every_s, kept_s, name in INTERVALS
        ]

    @prop("description")
    def _description(self) -> Any:
        return data(vim.PerformanceDescription)

    @operation("QueryPerfProviderSummary")
    def _provider(self, call: Call, entity: Any) -> Any:
        self.model.resolve(entity)
        return data(
            vim.PerformanceManager.ProviderSummary,
            entity=entity,
            currentSupported=False,
            summarySupported=True,
        )

    @operation("QueryAvailablePerfMetric")
    def _available(
        self, call: Call, entity: Any, beginTime: Any = None, endTime: Any = None, intervalId: Any = None
    ) -> list[Any]:
        self.model.resolve(entity)
        return []

    @operation("QueryPerf")
    def _query(self, call: Call, querySpec: list[Any]) -> list[Any]:
        for spec in querySpec:
            self.model.resolve(spec.entity)
        return []

    @operation("QueryPerfCounter")
    def _query_counter(self, call: Call, counterId: list[int]) -> list[Any]:
        return [counter for counter in self._counters() if counter.key in counterId]


def _described(key: str) -> Any:
    return data(vim.ElementDescription, key=key, label=key, summary=key)
