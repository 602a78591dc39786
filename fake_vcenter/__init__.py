"""An emulated vCenter with its ESXi hosts: SOAP vim25 over an in-memory model.

`VCenter(config, host)` takes an `inventory.VCenter` and anything that implements `emulator.host.Host`.
"""

from cxsim.fake_vcenter.records import VmRecord
from cxsim.fake_vcenter.vcenter import VCenter, VCenterRefused

__all__ = ["VCenter", "VCenterRefused", "VmRecord"]
