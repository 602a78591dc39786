"""An inventory that nobody has: VMs drawn from distributions fitted to published figures.

Rules of this file: one stream a VM, named by its number, so that the first 100 of 500 are the 100 of 100;
only fitted numbers are here, each with where it is from; what no source gives is marked `assumed`.
Sources: [C] the 106 CloudPhysics VMs: disk 8 GB to 34 TB, median 90 GB; memory median 6 GB; vCPU median 2
(github.com/cacheMon/cache_dataset, README; traces of C. Waldspurger et al., Efficient MRC Construction with
SHARDS, FAST 2015, CC BY 4.0). [T] 400,000 VMs on Tintri arrays: thin provisioning saves about half
(tintri.com/blog/2016/05). How much they write is not drawn here: sim/plan/changes. No VM has anything that
blocks a migration: no source says how many do.
"""

from __future__ import annotations

import math

import numpy as np
from faker import Faker

from cxsim.sim.kernel.streams import seed_sequence
from cxsim.sim.plan.inventory.model import Inventory, InventoryDisk, InventoryVm, Power, Where

GB, GiB = 10**9, 2**30

DISK_MEDIAN_BYTES = 90 * GB
"""Of a VM's disks together [C]."""
DISK_SIGMA = 1.03
"""Of ln(bytes): puts the smallest of 106 VMs at 8 GB [C]: ln(90/8) / z(1 - 1/107). The 34 TB of the
largest is left out of the fit: with it, one VM in thirty would have more than 10 TB."""
LARGEST_DISK_BYTES = 62 * 2**40
MEMORY_MEDIAN_BYTES, MEMORY_SIGMA = 6 * GB, 0.9
"""Median [C]; spread assumed."""
VCPUS = ((1, 0.28), (2, 0.40), (4, 0.22), (8, 0.08), (16, 0.02))
"""Median 2 [C]; the rest assumed."""
IN_USE_SHAPE = (2.5, 2.5)
"""Of in use / capacity, a beta distribution: mean one half [T]; spread assumed."""
GUEST_SHAPE = (14.0, 2.0)
"""Of guest consumed / in use, a beta distribution: deleted files stay allocated on a thin disk; assumed."""
OFF_SHARE, THIN_SHARE = 0.06, 0.80
"""Powered off; thin disks; assumed."""
MORE_DISKS = ((1, 0.55), (2, 0.28), (3, 0.12), (4, 0.05))
"""Disks a VM, assumed; the first is a system disk."""
HARDWARE = ((10, 0.10), (11, 0.20), (13, 0.35), (14, 0.35))
"""Hardware versions of the days of vCloud Director Extender (vSphere 5.5 to 6.7), assumed."""
ROLES = (
    ("app", 0.24),
    ("web", 0.18),
    ("sql", 0.12),
    ("file", 0.08),
    ("ad", 0.06),
    ("mail", 0.04),
    ("test", 0.16),
    ("rds", 0.12),
)
SYSTEMS = (
    ("Microsoft Windows Server 2016 (64-bit)", 0.42),
    ("Microsoft Windows Server 2012 (64-bit)", 0.22),
    ("Red Hat Enterprise Linux 7 (64-bit)", 0.20),
    ("Ubuntu Linux (64-bit)", 0.16),
)


def synthetic(count: int, seed: int) -> Inventory:
    """`count` VMs. The same count and seed give the same inventory. Raises ValueError for a count below 1."""
    if count < 1:
        raise ValueError(f"count = {count}: an inventory needs 1 VM or more")
    faker = Faker("en_US")
    clusters = max(1, math.ceil(count / 150))
    vms = tuple(_vm(number, seed, faker, clusters) for number in range(1, count + 1))
    return Inventory(vms, (), f"synthetic, {count} VMs, seed {seed}")


def _pick(rng: np.random.Generator, table: tuple[tuple[object, float], ...]) -> int:
    """The place of an entry, by weight."""
    weights = np.cumsum([weight for _, weight in table])
    return int(np.searchsorted(weights, rng.random() * weights[-1], side="right").clip(0, len(table) - 1))


def _vm(number: int, seed: int, faker: Faker, clusters: int) -> InventoryVm:
    entropy = seed_sequence(seed, f"plan/inventory/{number}")
    rng = np.random.default_rng(entropy)
    faker.seed_instance(int(entropy.generate_state(1, np.uint64)[0]))
    role = ROLES[_pick(rng, ROLES)][0]
    name = f"{faker.domain_word()}-{role}{number:03d}"
    cluster = (number - 1) % clusters + 1
    datastore = f"DS-{cluster:02d}-{int(rng.integers(1, 7))}"
    thin = bool(rng.random() < THIN_SHARE)
    capacities = _capacities(rng)
    used = float(rng.beta(*IN_USE_SHAPE)) if thin else 1.0
    disks = tuple(
        InventoryDisk(
            name=f"Hard disk {n}",
            capacity_bytes=capacity,
            key=1999 + n,
            thin=thin,
            sharing="none",
            bus_sharing="none",
            controller="SCSI controller 0",
            path=f"[{datastore}] {name}/{name}{'' if n == 1 else f'_{n - 1}'}.vmdk",
            allocated_bytes=_whole_mib(capacity * used),
        )
        for n, capacity in enumerate(capacities, 1)
    )
    power = Power.OFF if rng.random() < OFF_SHARE else Power.ON
    drawn_bytes = MEMORY_MEDIAN_BYTES * math.exp(MEMORY_SIGMA * rng.standard_normal())
    memory_bytes = 2 ** min(39, max(29, round(math.log2(drawn_bytes))))
    capacity_bytes = sum(capacities)
    committed = sum(disk.allocated_bytes or 0 for disk in disks)
    swap_bytes = memory_bytes if power is Power.ON else 0
    guest = _whole_mib(committed * float(rng.beta(*GUEST_SHAPE)) * (1.0 if thin else _used_of_thick(rng)))
    return InventoryVm(
        label=name,
        name=name,
        power=power,
        vcpus=VCPUS[_pick(rng, VCPUS)][0],
        memory_bytes=memory_bytes,
        disks=disks,
        provisioned_bytes=capacity_bytes + swap_bytes,
        in_use_bytes=committed + swap_bytes,
        disk_capacity_bytes=capacity_bytes,
        guest_consumed_bytes=guest if power is Power.ON else None,
        unshared_bytes=committed + swap_bytes,
        vm_id=f"vm-{1000 + number}",
        vm_uuid=faker.uuid4(),
        bios_uuid=faker.uuid4(),
        vcenter="synthetic",
        datacenter="DC-1",
        cluster=f"Cluster-{cluster:02d}",
        host=f"esx{cluster:02d}-{int(rng.integers(1, 9)):02d}",
        folder=f"/DC-1/{faker.company().split()[0].strip(',')}",
        datastores=(datastore,),
        networks=(f"VLAN-{int(rng.integers(10, 30))}",),
        guest_os=SYSTEMS[_pick(rng, SYSTEMS)][0],
        ft_state="notConfigured",
        encrypted=False,
        vtpm=False,
        pmem=False,
        hardware_version=HARDWARE[_pick(rng, HARDWARE)][0],
        changed_block_tracking=True,
        connection_state="connected",
        where=Where(f"synthetic, seed {seed}", None, number),
    )


def _used_of_thick(rng: np.random.Generator) -> float:
    """How full the guest of a VM with thick disks is, as a share of its capacity."""
    return float(rng.beta(*IN_USE_SHAPE))


def _capacities(rng: np.random.Generator) -> list[int]:
    """Of a VM's disks, whole GiB."""
    total = min(DISK_MEDIAN_BYTES * math.exp(DISK_SIGMA * rng.standard_normal()), LARGEST_DISK_BYTES)
    disks = MORE_DISKS[_pick(rng, MORE_DISKS)][0]
    shares = rng.dirichlet(np.full(disks, 2.0))
    return [max(1, round(total * float(share) / GiB)) * GiB for share in shares]


def _whole_mib(size_bytes: float) -> int:
    return int(size_bytes) >> 20 << 20
