"""What is migrated under the crash harness: small VMs in the environment of the article.

Rules of this file: data. Disks are small so that a run takes a fraction of a second; the order of calls and
states does not depend on sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from cxsim.core.appliance import MigrationRequest, ProviderCloudForm
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.loader import load_environment

ENVIRONMENT = "environments/tyrell-mycloud.yaml"
CLOUD, VDC, PROFILE, NETWORK = "MyCloud-CHC", "CHC Tyrell PAYG", "CHC Performance", "Tyrell Servers"
TENANT_VCENTER, PROVIDER_VCENTER = "tyrell-vc01", "chc-vc01"
DISK_BYTES, USED_BYTES = 4 * 1024**3, 512 * 1024**2


@dataclass(frozen=True)
class Plan:
    """A job and what its user does to it. `pause`: the user pauses the first VM once and lets it go on."""

    name: str
    type: str
    vms: tuple[str, ...]
    vapp_name: str | None = None
    pause: bool = False

    def request(self, vms: tuple[str, ...]) -> MigrationRequest:
        """The wizard's entries for these of its VMs."""
        return MigrationRequest(
            job=self.name,
            type=self.type,
            vms=vms,
            cloud=CLOUD,
            vdc=VDC,
            storage_profile=PROFILE,
            network=NETWORK,
            layout="group" if self.vapp_name else "individual",
            vapp_name=self.vapp_name,
            power_on=True,
        )

    @property
    def vapps(self) -> list[str]:
        """The vApps that exist in the end."""
        return [self.vapp_name] if self.vapp_name else sorted(self.vms)


WARM = Plan("warm", "Warm", ("deckard",), pause=True)
COLD = Plan("cold", "Cold", ("deckard",))
GROUPED = Plan("grouped", "Warm", ("deckard", "rachael"), vapp_name="Nexus")


@cache
def written() -> Environment:
    """The environment as written, its VMs in their real sizes."""
    return load_environment(Path(str(files("cxsim.scenarios"))) / ENVIRONMENT)


def environment_of(plan: Plan) -> Environment:
    """The environment with small VMs, in the power state that the plan's type demands."""
    environment = written()
    power = "on" if plan.type == "Warm" else "off"
    small = {"size_bytes": DISK_BYTES, "used_bytes": USED_BYTES}
    vms = {
        name: vm.model_copy(
            update={"power": power, "disks": tuple(disk.model_copy(update=small) for disk in vm.disks)}
        )
        for name, vm in environment.vms.items()
        if name in plan.vms
    }
    return environment.model_copy(update={"vms": vms})


def form(environment: Environment) -> ProviderCloudForm:
    """The provider cloud as its user types it."""
    cloud = environment.provider_clouds[CLOUD]
    return ProviderCloudForm(CLOUD, cloud.url, cloud.cx_url, cloud.user, cloud.password)
