"""Whatever a client sends by the type tables is answered with a result or a fault of the API, never with a
mistake of the emulator; and afterwards every property can still be rendered."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from pyVmomi import VmomiSupport, vim
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, Enum, ManagedObject

from cxsim.fake_vcenter import VCenter
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.endpoint import Request
from cxsim.fake_vcenter.managed_object import property_names
from cxsim.fake_vcenter.sessions import set_cookie

from .conftest import StepHost, connect, tyrell

VERSION = "vim.version.v8_0_3_0"
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<e:Body>{}</e:Body></e:Envelope>"
)
TEXTS = (
    "name", "deckard", "roy", "", "[tyrell-ds01]", "[tyrell-ds01] roy/roy.vmx", "config.hardware", "x",
    "192.168.0.100", "1", "add", "remove", "Tyrell/vm", "tyrell-ds01",
)  # fmt: skip
NUMBERS = (0, 1, 2, -1, 15, 1000, 2000, 2001, 4000, 99_999_999_999)
NARROWER = {
    vim.vm.device.VirtualDevice: ("VirtualDisk", "VirtualVmxnet3", "ParaVirtualSCSIController", "VirtualUSB"),
    vim.vm.device.VirtualDevice.BackingInfo: (
        "VirtualDiskFlatVer2BackingInfo",
        "VirtualEthernetCardNetworkBackingInfo",
    ),
}


class Sender:
    """Makes calls of one vCenter's operations with arguments by chance."""

    def __init__(self, vcenter: VCenter, seed: int) -> None:
        self.vcenter, self.rng = vcenter, random.Random(seed)
        connect(vcenter)
        self.session = next(iter(vcenter.sessions))
        objects = list(vcenter.model.objects.values())
        self.references = [(each.ref_type, each.moid) for each in objects]
        self.operations = [
            (each.ref_type, each.moid, VmomiSupport.GetWsdlMethod("urn:vim25", name).info)
            for each in objects
            for name in each.operations
            if name not in ("Logout", "TerminateSession")
        ]

    def call(self) -> tuple[str, str]:
        """A request and the name of the fault that it is answered with ("" for none)."""
        kind, moid, info = self.rng.choice(self.operations)
        arguments = "".join(
            self.value(p.type, p.name)
            for p in info.params
            if not p.flags & F_OPTIONAL or self.rng.random() < 0.6
        )
        content = (
            f'<{info.wsdlName} xmlns="urn:vim25"><_this type="{kind}">{moid}</_this>{arguments}'
            f"</{info.wsdlName}>"
        )
        request = Request(
            ENVELOPE.format(content).encode(), '"urn:vim25/8.0.3.0"', set_cookie(self.session), "", ""
        )
        found = re.search(rb"<detail><(\w+)Fault", self.vcenter._answer(request).content)
        return content, found.group(1).decode() if found else ""

    def value(self, declared: Any, tag: str, depth: int = 0) -> str:
        """An element of a type, seldom one that is not."""
        rng = self.rng
        if rng.random() < 0.04:
            return f"<{tag}>{rng.choice(['', 'x', '-1', '1e9', '&#x41;', 'true', '<a/>'])}</{tag}>"
        if issubclass(declared, list):
            return "".join(self.value(declared.Item, tag, depth) for _ in range(rng.choice((0, 1, 1, 2))))
        if declared is object:
            return f'<{tag} xsi:type="{rng.choice(["xsd:string", "xsd:int", "Nope", "Folder"])}">1</{tag}>'
        if issubclass(declared, ManagedObject):
            kind, moid = rng.choice(self.references)
            return f'<{tag} type="{kind}">{moid}</{tag}>'
        if issubclass(declared, DataObject):
            return self.data_object(declared, tag, depth)
        if issubclass(declared, Enum):
            return f"<{tag}>{rng.choice(declared.values)}</{tag}>"
        return f"<{tag}>{self.simple(declared)}</{tag}>"

    def data_object(self, declared: Any, tag: str, depth: int) -> str:
        if depth > 4:
            return ""
        cls, attribute = declared, ""
        if declared in NARROWER:
            name = self.rng.choice(NARROWER[declared])
            cls, attribute = VmomiSupport.GetWsdlType("urn:vim25", name), f' xsi:type="{name}"'
        fields = "".join(
            self.value(info.type, info.name, depth + 1)
            for info in cls._GetPropertyList()
            if self.rng.random() < (0.12 if info.flags & F_OPTIONAL else 0.95)
        )
        return f"<{tag}{attribute}>{fields}</{tag}>"

    def simple(self, declared: Any) -> Any:
        if declared is bool:
            return self.rng.choice(("true", "false", "0", "1"))
        if issubclass(declared, (int, float)):
            return self.rng.choice(NUMBERS)
        if declared.__name__ == "datetime":
            return "2017-11-06T09:00:00Z"
        if declared is type:
            return self.rng.choice(("VirtualMachine", "Folder", "ManagedEntity", "Nope"))
        return self.rng.choice(TEXTS)


@pytest.mark.parametrize("seed", range(4))
def test_any_request_is_answered_in_the_terms_of_the_api(seed: int, host: StepHost) -> None:
    vcenter = VCenter(tyrell(), host)
    sender = Sender(vcenter, seed)
    answered: set[str] = set()
    for _ in range(1000):
        content, fault = sender.call()
        assert fault != "SystemError", (content, host.named("trouble"))
        answered.add(fault)
    assert {"", "InvalidArgument", "InvalidRequest", "ManagedObjectNotFound"} <= answered
    assert host.named("trouble") == []
    assert [t for t in host.named("task") if str(t["error"]).startswith("SystemError")] == []
    call = Call(VERSION, sender.session, "", "")
    for managed in list(vcenter.model.objects.values()):
        for name in property_names(managed.vim_type, VERSION):
            managed.rendered(name, call)
