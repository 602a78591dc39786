"""A vCloud Director: its model built from an estate, and its WSGI application.

Rules of this file: construction only. Ids come from the host, in the order of the estate, so the same
estate on the same host has the same ids in every run.
"""

from __future__ import annotations

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import TaskClock
from cxsim.fake_vcd import admin_org
from cxsim.fake_vcd.estate import SYSTEM_ORG, Estate, OrgConfig, UserConfig, VdcConfig
from cxsim.fake_vcd.infrastructure import InfrastructureManager
from cxsim.fake_vcd.model import SYSTEM_ORG_ID, Cloud, Network, Org, StorageProfile, User, Vdc, VimServer
from cxsim.fake_vcd.operations import Operations
from cxsim.fake_vcd.urls import make_app


class VCloudDirector:
    """An emulated vCloud Director cell.

    `model` is what exists, `operations` changes it in time, `wsgi_app` is the vCloud API. Raises
    `ValueError` for an estate that cannot be.
    """

    def __init__(self, config: Estate, host: Host, infrastructure: InfrastructureManager) -> None:
        config.check()
        self.config = config
        self.host = host
        self.model = _build(config, host)
        self.operations = Operations(self.model, config, host, infrastructure, TaskClock(host))
        self.wsgi_app = make_app(self.operations)


def _build(config: Estate, host: Host) -> Cloud:
    system = Org(SYSTEM_ORG_ID, SYSTEM_ORG, SYSTEM_ORG, "", enabled=True)
    system.users = [_user(u, system, host) for u in config.system_users]
    cloud = Cloud(config.vcd_version, config.public_base_url, system)
    cloud.vim_servers = [VimServer(host.new_uuid("vimserver"), v) for v in config.vim_servers]
    cloud.orgs = [_org(o, cloud, host) for o in config.orgs]
    return cloud


def _org(config: OrgConfig, cloud: Cloud, host: Host) -> Org:
    org = Org(
        host.new_uuid("org"),
        config.name,
        config.full_name or config.name,
        config.description,
        config.enabled,
        rights=list(admin_org.DEFAULT_RIGHTS),
    )
    org.users = [_user(u, org, host) for u in config.users]
    org.vdcs = [_vdc(v, org, cloud, host) for v in config.vdcs]
    return org


def _user(config: UserConfig, org: Org, host: Host) -> User:
    return User(
        host.new_uuid("user"), config.name, config.password, config.role, org, config.vdcs, config.enabled
    )


def _vdc(config: VdcConfig, org: Org, cloud: Cloud, host: Host) -> Vdc:
    named = [v for v in cloud.vim_servers if not config.vim_server or v.name == config.vim_server]
    vdc = Vdc(host.new_uuid("vdc"), config, org, named[0] if named else None)
    vdc.storage_profiles = [
        StorageProfile(host.new_uuid("vdcstorageProfile"), p, vdc, p.limit_mb)
        for p in config.storage_profiles
    ]
    vdc.networks = [Network(host.new_uuid("network"), n, vdc) for n in config.networks]
    return vdc
