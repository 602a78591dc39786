"""Whatever the provider reports and the user presses, in any order: statuses follow the table, and no source
VM is stopped but by a confirmed cutover."""

from __future__ import annotations

from typing import Any

from core_world import FORM, Certificates, FakeVcd, FakeVcenter, VirtualRuntime, config, vm
from core_world import PAYG as VDC
from cx_provider import CxProvider, error_object
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxsim.core.appliance import Appliance, CutoverRequest, MigrationRequest
from cxsim.core.errors import UserError
from cxsim.core.migration_states import MIGRATION, STATUS

REQUEST = MigrationRequest(
    "Any", "Warm", ("deckard",), "MyCloud-CHC", "CHC Tyrell PAYG", "CHC Performance", "Tyrell Servers"
)
STATES = ("CREATED", "SCHEDULED", "SYNCING", "PAUSED", "CUTOVER_READY", "CUTTING_OVER", "COMPLETED", "ERROR")

reports = st.tuples(st.just("report"), st.sampled_from(STATES), st.integers(0, 100))
presses = st.tuples(st.sampled_from(["cutover", "pause", "resume", "cancel", "migrate", "delete cloud"]))
steps = st.lists(st.one_of(reports, presses), max_size=14)

NEXT = {
    (STATUS[before], STATUS[after])
    for (before, _), (after, _) in MIGRATION.rows.items()
    if STATUS[before] != STATUS[after]
}


def press(appliance: Appliance, what: str) -> None:
    if what == "cutover":
        appliance.cutover(CutoverRequest(("deckard",), confirmed=True))
    elif what == "migrate":
        appliance.migrate(REQUEST)
    elif what == "delete cloud":
        appliance.delete_cloud("MyCloud-CHC")
    else:
        getattr(appliance, what)("deckard")


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
def test_statuses_follow_the_table(steps: list[Any], certificates: Certificates) -> None:
    runtime, vcenter, vcd = VirtualRuntime(), FakeVcenter([vm("deckard")]), FakeVcd([VDC])
    with CxProvider().installed() as cx:
        appliance = Appliance(runtime, config(), open_vcenter=vcenter.open, open_vcd=vcd.open)
        appliance.add_cloud(FORM, lambda shown: True)
        runtime.sleep(60)
        appliance.migrate(REQUEST)
        pressed = 0
        for step in steps:
            if step[0] == "report":
                for migration in cx.migrations.values():
                    failed = error_object("ReplicationFailed", "x") if step[1] == "ERROR" else None
                    migration.update(state=step[1], percent=step[2], error=failed)
            else:
                try:
                    press(appliance, step[0])
                    pressed += step[0] == "cutover"
                except UserError:
                    pass
            runtime.sleep(35)
    last = "Created"
    for fields in runtime.of("workload"):
        status = fields["status"]
        assert status in (last, "Created") or (last, status) in NEXT, f"{last} -> {status}"
        assert (fields["percent"] is not None) == (status in ("Syncing", "Cutting over"))
        last = status
    assert len(vcenter.powered_off) == pressed, "one power-off for every confirmed cutover, none besides"
    home = appliance.home()
    statuses = [row.status for row in appliance.workloads()]
    assert home.completed == statuses.count("Completed")
    assert home.error == statuses.count("Error")
    assert not [task.error for task in runtime.tasks if task.error]
