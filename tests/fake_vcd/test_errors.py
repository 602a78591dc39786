"""What is not there, what is not emulated, and what should never happen."""

from __future__ import annotations

import pytest
from lxml import etree
from vcd_lab import Lab

from cxsim.fake_vcd import query
from cxsim.fake_vcd.gaps import is_gap

ID = "00000000-0000-4000-8000-000000000000"


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, etree.fromstring(answer.data).get("minorErrorCode")  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["nowhere", "vdc", "vApp/thing-1", "org/x/y/z", "query/x"])
def test_a_path_that_vcd_has_not_is_404(lab: Lab, path: str) -> None:
    assert code(lab.login().get(path)) == (404, "RESOURCE_NOT_FOUND")
    assert lab.host.of("gap") == []


def test_a_method_that_vcd_has_not_is_405(lab: Lab) -> None:
    assert code(lab.login().delete("versions")) == (405, "METHOD_NOT_ALLOWED")
    assert code(lab.login().post("org")) == (405, "METHOD_NOT_ALLOWED")


def test_an_unknown_path_needs_a_login_too(lab: Lab) -> None:
    api = lab.login()
    del api.headers["x-vcloud-authorization"]
    assert code(api.get("nowhere")) == (403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", f"catalog/{ID}"),
        ("post", f"vdc/{ID}/action/composeVApp"),
        ("post", f"vApp/vapp-{ID}/action/createSnapshot"),
        ("put", f"vApp/vm-{ID}/guestCustomizationSection"),
        ("get", "admin/extension/providerVdcReferences"),
        ("post", "admin/orgs"),
        ("get", "extensibility"),
        ("put", f"task/{ID}"),
        ("get", f"admin/extension/vimServer/{ID}/hostReferences"),
    ],
)
def test_a_path_that_is_not_emulated_is_reported_as_a_gap(lab: Lab, method: str, path: str) -> None:
    answer = getattr(lab.login(), method)(path)
    assert code(answer) == (404, "RESOURCE_NOT_FOUND")
    assert lab.host.of("gap") == [
        {"product": "vCloud Director", "operation": f"{method.upper()} /api/{path}"}
    ]


def test_the_newer_api_is_a_gap_and_what_is_outside_of_the_api_is_not(lab: Lab) -> None:
    api = lab.login()
    assert api.post("/cloudapi/1.0.0/sessions").status_code == 404
    assert api.get("/tenant/Tyrell").status_code == 404
    assert [e["operation"] for e in lab.host.of("gap")] == ["POST /cloudapi/1.0.0/sessions"]


def test_gaps_are_only_what_vcd_has() -> None:
    assert is_gap("PUT", f"vApp/vapp-{ID}")
    assert not is_gap("PATCH", f"vApp/vapp-{ID}")
    assert not is_gap("GET", "whatever")


def test_a_mistake_of_the_emulator_is_vcds_500_and_named_in_the_log(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("surprise")

    api = lab.login()
    monkeypatch.setattr(query, "TYPES", None)
    answer = api.get("query?type=vApp")
    assert code(answer) == (500, "INTERNAL_SERVER_ERROR")
    assert b"Traceback" not in answer.data
    assert b"NoneType" not in answer.data
    (trouble,) = lab.host.of("trouble")
    assert trouble["task"] == "GET /api/query"
    assert "AttributeError" in trouble["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\xff",
        b"<a" * 5000,
        b"<a>" * 5000,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ImportVmAsVAppParams>&x;</ImportVmAsVAppParams>',
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><ImportVmAsVAppParams name="&z;"/>',
        b"<ImportVmAsVAppParams xmlns='http://www.vmware.com/vcloud/v1.5'/>",
        b"x" * (5 * 2**20),
    ],
    ids=["bytes", "open", "deep", "external entity", "entities", "other namespace", "large"],
)
def test_a_hostile_body_gets_an_error_of_vcd(lab: Lab, body: bytes) -> None:
    server = lab.vcd.model.vim_servers[0].id
    answer = lab.login("administrator@System").post(
        f"admin/extension/vimServer/{server}/importVmAsVApp",
        data=body,
        content_type="application/vnd.vmware.admin.importVmAsVAppParams+xml",
    )
    assert answer.status_code == 400
    assert b"root:" not in answer.data
    assert lab.host.of("trouble") == []


def test_odd_urls_break_nothing(lab: Lab) -> None:
    api = lab.login()
    for path in (
        "vApp/vapp-",
        "vApp/vm-%00",
        "org/%FF",
        "vdc/..%2f..",
        "query?type=vApp&filter=%FF",
        "task/" + "x" * 5000,
    ):
        assert api.get(path).status_code in (400, 403, 404), path
    assert lab.host.of("trouble") == []
