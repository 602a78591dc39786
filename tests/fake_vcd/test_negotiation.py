"""Which API version is spoken, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest
from lxml import etree
from vcd_lab import ESTATE, Api, Lab, basic, make_lab

from cxsim.fake_vcd.errors import BadRequest, NotAcceptable, Unimplemented
from cxsim.fake_vcd.estate import VERSIONS
from cxsim.fake_vcd.negotiation import select_version

SUPPORTED = VERSIONS["9.0"]


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        ("application/*+xml;version=29.0", "29.0"),
        ("application/*+xml; version=27.0", "27.0"),
        ("*/*;version=5.6", "5.6"),
        ("application/*+xml;version=31.0,application/*+xml;version=29.0", "29.0"),
        ("application/*+xml;version=27.0, application/*+xml;version=29.0;q=0.1", "29.0"),
        ('application/vnd.vmware.vcloud.org+xml;version="28.0"', "28.0"),
        ("text/html, application/xml;version=29.0", "29.0"),
    ],
)
def test_the_newest_common_version_is_chosen(accept: str, version: str) -> None:
    assert select_version(accept, SUPPORTED) == version


@pytest.mark.parametrize("accept", ["application/*+xml;version=31.0", "*/*;version=1.5", "*/*;version=x"])
def test_a_version_that_is_not_supported_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        select_version(accept, SUPPORTED)


@pytest.mark.parametrize("accept", ["", "*/*", "text/html;version=29.0", "application/*+xml", ";;,,"])
def test_a_header_without_a_version_is_a_bad_request(accept: str) -> None:
    with pytest.raises(BadRequest, match="invalid accept header"):
        select_version(accept, SUPPORTED)


def test_json_alone_is_a_gap_of_the_emulator() -> None:
    with pytest.raises(Unimplemented):
        select_version("application/*+json;version=29.0", SUPPORTED)


def test_on_the_wire_it_is_406_in_plain_text_and_400_with_an_error(lab: Lab) -> None:
    api = Api(lab.vcd.wsgi_app.test_client(), "99.0")
    answer = api.post("sessions", headers=basic("tyrelladmin@Tyrell"))
    assert (answer.status_code, answer.data) == (406, b"No valid API version can be selected.")
    answer = api.get("org", headers={"Accept": "*/*"})
    assert answer.status_code == 400
    assert etree.fromstring(answer.data).get("minorErrorCode") == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("release", "newest"),
    [("8.20", "27.0"), ("9.0", "29.0"), ("9.1", "30.0"), ("9.5", "31.0"), ("9.7", "32.0")],
)
def test_every_release_offers_its_versions(release: str, newest: str) -> None:
    lab = make_lab(dataclasses.replace(ESTATE, vcd_version=release))
    answer = lab.vcd.wsgi_app.test_client().get("/api/versions")
    assert answer.status_code == 200
    texts = [e.text for e in etree.fromstring(answer.data).iter("{*}Version")]
    assert texts[-1] == newest
    assert "27.0" in texts
    assert lab.login(version=newest).get("org").status_code == 200
    urls = {e.text for e in etree.fromstring(answer.data).iter("{*}LoginUrl")}
    assert urls == {"http://localhost/api/sessions"}
