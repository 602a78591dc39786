"""Wrong input in each field of each dialogue, typed into the core in front of the emulated products.

Rules of this file: one table; every row gives one message (compared with tests/golden/wizard/fields.txt) and
leaves everything as it was: no call that changes something, no decision in the journal, the same lists, and
nothing new in vCenter or vCloud Director. UPDATE_GOLDEN=1 writes the messages anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxsim.core.appliance import Appliance, CutoverRequest, MigrationRequest, ProviderCloudForm
from cxsim.core.errors import UserError
from cxsim.core.journal import SqliteJournal
from cxsim.fake_vcd.model import VApp
from cxsim.sim.kernel import hooks
from cxsim.sim.scenario.loader import load_environment
from cxsim.sim.world.world import World

ENVIRONMENT = """\
schema: 1
title: Something wrong can be chosen in every field
extends: environments/tyrell-mycloud.yaml
hosts:
  chc-vcd01:
    orgs:
      Tyrell:
        vdcs:
          Empty:
            allocation_model: AllocationVApp
            cpu: {used_mhz: 0, limit: Unlimited}
            memory: {used: 0 GiB, limit: Unlimited}
            storage_profiles: {CHC Slow: {limit: 10 GiB, used: 0 GiB, datastore: chc-ds01, default: true}}
            networks: []
vms:
  zhora: {esxi: tyrell-esx01, address: 192.168.0.103, cpus: 1, memory: 1 GiB, network: Tyrell Servers,
    power: off, disks: [{size: 1 GiB, used: 1 GiB, workload: {rate: 0 MB/s}}]}
  pris: {esxi: tyrell-esx01, address: 192.168.0.104, cpus: 1, memory: 1 GiB, network: Tyrell Servers,
    power: on, disks: [{size: 300 GiB, used: 1 GiB, workload: {rate: 0 MB/s}}]}
  batty: {esxi: tyrell-esx01, address: 192.168.0.105, cpus: 1, memory: 1 GiB, network: Tyrell Servers,
    power: on, disks: [{size: 1 GiB, used: 1 GiB, workload: {rate: 0 MB/s}}]}
  twin: {esxi: tyrell-esx01, address: 192.168.0.106, cpus: 1, memory: 1 GiB, network: Tyrell Servers,
    power: on, disks: [{size: 1 GiB, used: 1 GiB, workload: {rate: 0 MB/s}}]}
"""

FORM = ProviderCloudForm(
    "Second",
    "https://chc.mycloud.local/cloud/org/Tyrell",
    "https://vcde.mycloud.local:443",
    "tyrelladmin",
    "vmware",
)
JOB = MigrationRequest(
    job="Move deckard",
    type="Warm",
    vms=("deckard",),
    cloud="MyCloud-CHC",
    vdc="CHC Tyrell PAYG",
    storage_profile="CHC Performance",
    network="Tyrell Servers",
)
CUTOVER = CutoverRequest(("roy",), confirmed=True)
START_S = 1_509_958_800.0
LONG = "x" * 129

Press = Callable[[Appliance, Any], object]


def add(appliance: Appliance, form: ProviderCloudForm) -> object:
    return appliance.add_cloud(form, lambda shown: True)


def test_button(appliance: Appliance, form: ProviderCloudForm) -> str:
    outcome = appliance.test_cloud(form, lambda shown: True)
    assert not outcome.connected
    return outcome.message


def edit(appliance: Appliance, form: ProviderCloudForm) -> object:
    return appliance.edit_cloud("MyCloud-CHC", form, lambda shown: True)


test_button.__test__ = False  # type: ignore[attr-defined]

# Field, what is pressed, the form, what is typed instead.
TABLE: list[tuple[str, Press, Any, dict[str, Any]]] = [
    ("Provider Cloud Name: empty", add, FORM, {"name": "  "}),
    ("Provider Cloud Name: too long", add, FORM, {"name": LONG}),
    ("Provider Cloud Name: a tabulator", add, FORM, {"name": "My\tCloud"}),
    ("Provider Cloud Name: exists", add, FORM, {"name": "mycloud-chc"}),
    ("Provider Cloud Name: changed by Edit", edit, FORM, {"name": "Other"}),
    ("Provider Cloud URL: empty", add, FORM, {"url": ""}),
    ("Provider Cloud URL: http", add, FORM, {"url": "http://chc.mycloud.local/cloud/org/Tyrell"}),
    ("Provider Cloud URL: no organization", add, FORM, {"url": "https://chc.mycloud.local/"}),
    ("Provider Cloud URL: no host", add, FORM, {"url": "https:///cloud/org/Tyrell"}),
    ("Provider Cloud URL: bad port", add, FORM, {"url": "https://chc:99999/cloud/org/Tyrell"}),
    (
        "Provider Cloud URL: unknown name",
        test_button,
        FORM,
        {"url": "https://nowhere.local/cloud/org/Tyrell"},
    ),
    (
        "Provider Cloud URL: unknown organization",
        test_button,
        FORM,
        {"url": "https://chc.mycloud.local/cloud/org/Tyrel"},
    ),
    (
        "Provider Cloud URL: moved by Edit",
        edit,
        FORM,
        {"name": "MyCloud-CHC", "url": "https://x/cloud/org/T"},
    ),
    ("Cloud Service URL: empty", add, FORM, {"cx_url": ""}),
    ("Cloud Service URL: no scheme", add, FORM, {"cx_url": "vcde.mycloud.local:443"}),
    ("Cloud Service URL: a path", add, FORM, {"cx_url": "https://vcde.mycloud.local/ui/mgmt"}),
    ("Cloud Service URL: unknown name", test_button, FORM, {"cx_url": "https://nowhere.local:443"}),
    ("Cloud Service URL: another product", test_button, FORM, {"cx_url": "https://chc.mycloud.local:443"}),
    ("Org Admin user: empty", add, FORM, {"user": ""}),
    ("Org Admin user: with organization", add, FORM, {"user": "tyrelladmin@Tyrell"}),
    ("Org Admin user: unknown", test_button, FORM, {"user": "nobody"}),
    ("Password: empty", add, FORM, {"password": ""}),
    ("Password: wrong", test_button, FORM, {"password": "typed-wrongly"}),
    ("Job Name: empty", Appliance.migrate, JOB, {"job": " "}),
    ("Job Name: too long", Appliance.migrate, JOB, {"job": LONG}),
    ("Job Name: a line break", Appliance.migrate, JOB, {"job": "Move\ndeckard"}),
    ("Type: unknown", Appliance.migrate, JOB, {"type": "Hot"}),
    ("Type: Warm, a VM is off", Appliance.migrate, JOB, {"vms": ("deckard", "zhora")}),
    (
        "Type: Cold, VMs are on",
        Appliance.migrate,
        JOB,
        {"type": "Cold", "vms": ("deckard", "rachael", "zhora")},
    ),
    ("Source VMs: none", Appliance.migrate, JOB, {"vms": ()}),
    ("Source VMs: unknown", Appliance.migrate, JOB, {"vms": ("dekard",)}),
    ("Source VMs: twice", Appliance.migrate, JOB, {"vms": ("deckard", "deckard")}),
    ("Source VMs: a name of two VMs", Appliance.migrate, JOB, {"vms": ("batty",)}),
    ("Source VMs: migrated already", Appliance.migrate, JOB, {"vms": ("deckard", "roy")}),
    ("Target Cloud: empty", Appliance.migrate, JOB, {"cloud": ""}),
    ("Target Cloud: unknown", Appliance.migrate, JOB, {"cloud": "MyCloud"}),
    ("Target vDC: empty", Appliance.migrate, JOB, {"vdc": ""}),
    ("Target vDC: unknown", Appliance.migrate, JOB, {"vdc": "CHC Tyrell PAY"}),
    ("Storage Profile: empty", Appliance.migrate, JOB, {"storage_profile": ""}),
    ("Storage Profile: unknown", Appliance.migrate, JOB, {"storage_profile": "Gold"}),
    ("Storage Profile: of another vDC", Appliance.migrate, JOB, {"storage_profile": "CHC Slow"}),
    ("Storage Profile: too small", Appliance.migrate, JOB, {"vms": ("pris",)}),
    ("Network: empty", Appliance.migrate, JOB, {"network": ""}),
    ("Network: unknown", Appliance.migrate, JOB, {"network": "Tyrell Server"}),
    ("Network: none in the vDC", Appliance.migrate, JOB, {"vdc": "Empty", "storage_profile": "CHC Slow"}),
    ("vApp layout: unknown", Appliance.migrate, JOB, {"layout": "rows"}),
    ("vApp name: empty", Appliance.migrate, JOB, {"layout": "group"}),
    ("vApp name: blank", Appliance.migrate, JOB, {"layout": "group", "vapp_name": "  "}),
    ("vApp name: too long", Appliance.migrate, JOB, {"layout": "group", "vapp_name": LONG}),
    ("vApp name: bad character", Appliance.migrate, JOB, {"layout": "group", "vapp_name": "Wave\x07"}),
    ("vApp name: exists", Appliance.migrate, JOB, {"layout": "group", "vapp_name": "Nexus"}),
    ("vApp name: exists, not grouped", Appliance.migrate, JOB, {"vms": ("rachael",)}),
    ("vApp name: not grouped", Appliance.migrate, JOB, {"vapp_name": "Wave 1"}),
    ("Start synchronization: past", Appliance.migrate, JOB, {"start": START_S - 60}),
    ("Start synchronization: malformed", Appliance.migrate, JOB, {"start": float("nan")}),
    ("Start synchronization: the wrong year", Appliance.migrate, JOB, {"start": START_S + 9 * 366 * 86_400}),
    ("Start synchronization: beyond every calendar", Appliance.migrate, JOB, {"start": 1e18}),
    ("Target RPO: empty", Appliance.migrate, JOB, {"rpo_s": None}),
    ("Target RPO: too short", Appliance.migrate, JOB, {"rpo_s": 240.0}),
    ("Target RPO: too long", Appliance.migrate, JOB, {"rpo_s": 86_460.0}),
    ("Target RPO: half a minute", Appliance.migrate, JOB, {"rpo_s": 930.0}),
    ("Target RPO: malformed", Appliance.migrate, JOB, {"rpo_s": float("nan")}),
    ("Disk Type: unknown", Appliance.migrate, JOB, {"disk_type": "Flat"}),
    ("Tag: too long", Appliance.migrate, JOB, {"tag": LONG}),
    ("Tag: bad character", Appliance.migrate, JOB, {"tag": "wave\x1b[31m"}),
    ("Cutover, VMs: none", Appliance.cutover, CUTOVER, {"vms": ()}),
    ("Cutover, VMs: unknown", Appliance.cutover, CUTOVER, {"vms": ("ray",)}),
    ("Cutover, VMs: twice", Appliance.cutover, CUTOVER, {"vms": ("roy", "roy")}),
    ("Cutover, VMs: not ready", Appliance.cutover, CUTOVER, {}),
    ("Cutover, Tag: too long", Appliance.cutover, CUTOVER, {"tag": LONG}),
    ("Cutover, Confirmation: not given", Appliance.cutover, CUTOVER, {"vms": ("twin",), "confirmed": False}),
]

CHANGES = ("vcenter.vm", "vcd.vapp", "vcd.vm", "replication", "cloud", "workload", "home", "vdc")
"""Events that tell of a change."""
READING = ("Login", "Logout", "Retrieve", "ContinueRetrieve", "CreateContainerView", "DestroyView")


class Watched:
    """A world in which a migration is paused and another is ready; what may not change is looked at."""

    def __init__(self, world: World, journal: SqliteJournal) -> None:
        self.world, self.journal, self.appliance = world, journal, world.appliance

    def state(self) -> dict[str, object]:
        """Everything that a wrong entry must leave as it is."""
        world = self.world
        return {
            "clouds": self.appliance.clouds(),
            "workloads": self.appliance.workloads(),
            "jobs": self.appliance.jobs(),
            "journal": len(list(self.journal.decisions())),
            "vapps": [vapp.name for d in world.directors.values() for vapp in d.model.vapps],
            "vms": [(r.name, r.power) for v in world.vcenters.values() for r in v.vms()],
            "replications": [r.id for m in world.managers.values() for r in m.replications.all()],
            "changes": [e for name in CHANGES for e in world.log.of(name)],
            "calls": [e for e in world.log.of("call") if self._changing(e.fields)],
        }

    def _changing(self, call: dict[str, Any]) -> bool:
        """True for a call of the core's that changes something at a server."""
        if call["src"] != self.world.core_host.name or call["method"] == "GET":
            return False
        path = str(call["path"])
        return not (path.startswith(tuple(f"SOAP {name}" for name in READING)) or path.endswith(SESSIONS))


SESSIONS = ("/sessions", "/session")


def prepare(watched: Watched) -> None:
    """One cloud that runs; roy is paused, twin is ready; two vApps and two VMs of one name are in the way."""
    world, appliance, host = watched.world, watched.appliance, watched.world.core_host
    appliance.add_cloud(replace(FORM, name="MyCloud-CHC"), lambda shown: True)
    while appliance.cloud("MyCloud-CHC").status == "Enabling":
        host.sleep(5)
    appliance.migrate(replace(JOB, job="Before", vms=("roy", "twin")))
    while {row.vm: row.status for row in appliance.workloads()}["twin"] != "Cutover ready":
        host.sleep(30)
    appliance.pause("roy")
    host.sleep(120)
    (org,) = world.directors["chc-vcd01"].model.orgs
    vdc = next(vdc for vdc in org.vdcs if vdc.name == "CHC Tyrell PAYG")
    for name in ("Nexus", "rachael"):
        made = VApp(host.new_uuid("vapp"), name, vdc, org.users[0], host.now(), resolved=True)
        vdc.vapps.append(made)
    vcenter = world.vcenters["tyrell-vc01"]
    zhora = vcenter.find_vm(name="zhora")
    assert zhora is not None
    other = vcenter.find_vm(moref=vcenter.clone(zhora.moref, "other"))
    assert other is not None
    other.name = "batty"  # as if it stood in another folder
    vcenter.power(other.moref, "on")


def message(appliance: Appliance, press: Press, typed: object) -> str:
    try:
        answer = press(appliance, typed)
    except UserError as error:
        return str(error)
    assert press is test_button, f"it was accepted: {typed}"
    return str(answer)


def test_wrong_input_in_each_field_gives_one_clear_message_and_nothing_is_begun(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    path = tmp_path / "environment.yaml"
    path.write_text(ENVIRONMENT)
    told: list[str] = []
    wrong: list[str] = []

    def type_it_all(watched: Watched) -> None:
        prepare(watched)
        log = watched.world.log
        for field, press, form, typed in TABLE:
            before, messages = watched.state(), len(list(log.of("message")))
            told.append(f"{field}\n    {message(watched.appliance, press, replace(form, **typed))}\n")
            after = watched.state()
            wrong.extend(f"{field}: {what} changed" for what in before if before[what] != after[what])
            said = list(log.of("message"))[messages:]
            if len(said) != 1:
                wrong.append(f"{field}: {len(said)} messages")

    with hooks.installed():
        world = World(load_environment(path), 1)
        journal = SqliteJournal(tmp_path / "journal", durable=False)
        world.start_core(journal=journal)
        with world.hub:
            task = world.hub.spawn(world.core_host, type_it_all, Watched(world, journal), name="user")
            world.hub.run_until(task)
            task.result()
            assert not world.hub.failures
    assert not wrong, "\n".join(wrong)
    golden("wizard/fields.txt", "\n".join(told))


def test_the_table_has_every_field_of_every_form() -> None:
    """A new field of a form needs rows of its own."""
    changed = {(type(form), name) for _, _, form, typed in TABLE for name in typed}
    fields = {
        (kind, name)
        for kind in (ProviderCloudForm, MigrationRequest, CutoverRequest)
        for name in kind.__dataclass_fields__
    }
    assert fields - changed == {
        # Yes or no: nothing else can be chosen.
        (MigrationRequest, "power_on"),
        (CutoverRequest, "power_on"),
    }
