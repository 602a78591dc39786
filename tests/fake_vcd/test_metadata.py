"""Metadata of vApps and VMs."""

from __future__ import annotations

import pytest
from lxml import etree
from vcd_lab import Api, Lab, find

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
METADATA = "application/vnd.vmware.vcloud.metadata+xml"
VALUE = "application/vnd.vmware.vcloud.metadata.value+xml"


def entries(**values: str) -> str:
    inside = "".join(
        f'<MetadataEntry><Key>{k}</Key><TypedValue xsi:type="MetadataStringValue"><Value>{v}</Value>'
        "</TypedValue></MetadataEntry>"
        for k, v in values.items()
    )
    return f'<Metadata xmlns="{VCLOUD}" {XSI}>{inside}</Metadata>'


def value(text: str, kind: str = "MetadataNumberValue", domain: str = "") -> str:
    typed = f'<TypedValue xsi:type="{kind}"><Value>{text}</Value></TypedValue>'
    return f'<MetadataValue xmlns="{VCLOUD}" {XSI}>{domain}{typed}</MetadataValue>'


def read(api: Api, path: str) -> dict[str | None, str | None]:
    found = find(api.xml(f"{path}/metadata"), "v:MetadataEntry")
    return {e.findtext("{*}Key"): e.findtext("{*}TypedValue/{*}Value") for e in found}


@pytest.mark.parametrize("kind", ["vapp", "vm"])
def test_metadata_is_merged_replaced_and_removed(lab: Lab, kind: str) -> None:
    vapp = lab.import_vapp()
    path = f"vApp/{kind}-{vapp.id if kind == 'vapp' else vapp.vms[0].id}"
    api = lab.login()
    assert read(api, path) == {}
    assert (
        api.post(f"{path}/metadata", data=entries(wave="1", job="j"), content_type=METADATA).status_code
        == 202
    )
    assert read(api, path) == {}
    lab.host.advance(1)
    assert read(api, path) == {"wave": "1", "job": "j"}
    api.post(f"{path}/metadata", data=entries(wave="2"), content_type=METADATA)
    lab.host.advance(1)
    assert read(api, path) == {"wave": "2", "job": "j"}
    api.put(f"{path}/metadata/wave", data=value("3"), content_type=VALUE)
    lab.host.advance(1)
    shown = api.xml(f"{path}/metadata/wave")
    assert shown.findtext("{*}TypedValue/{*}Value") == "3"
    assert api.delete(f"{path}/metadata/job").status_code == 202
    lab.host.advance(1)
    assert read(api, path) == {"wave": "3"}
    assert api.get(f"{path}/metadata/job").status_code == 403


def test_the_system_domain_is_written_by_the_system_alone(lab: Lab) -> None:
    path = f"vApp/vapp-{lab.import_vapp().id}"
    hidden = value("x", "MetadataStringValue", '<Domain visibility="PRIVATE">SYSTEM</Domain>')
    assert lab.login().put(f"{path}/metadata/SYSTEM/k", data=hidden, content_type=VALUE).status_code == 400
    system = lab.login("administrator@System")
    assert system.put(f"{path}/metadata/SYSTEM/k", data=hidden, content_type=VALUE).status_code == 202
    lab.host.advance(1)
    assert read(system, path) == {"k": "x"}
    assert read(lab.login(), path) == {}


@pytest.mark.parametrize(
    "body",
    [
        value("1", "Strange"),
        f'<MetadataValue xmlns="{VCLOUD}"/>',
        f'<MetadataValue xmlns="{VCLOUD}"><TypedValue/></MetadataValue>',
        "not xml",
    ],
)
def test_bad_metadata_is_refused(lab: Lab, body: str) -> None:
    path = f"vApp/vapp-{lab.import_vapp().id}"
    answer = lab.login().put(f"{path}/metadata/k", data=body, content_type=VALUE)
    assert (answer.status_code, etree.fromstring(answer.data).get("minorErrorCode")) == (400, "BAD_REQUEST")
