"""The query service on the wire: formats, filters, sorting, pages, who sees what."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from lxml import etree
from vcd_lab import Lab, backing, find


def record_names(element: etree._Element) -> list[str | None]:
    return [e.get("name") for e in element if not e.tag.endswith("}Link")]


@pytest.fixture
def many(lab: Lab) -> Lab:
    """Seven imported vApps, named in no order; the first profile is unlimited for this."""
    lab.vdc.storage_profiles[0].limit_mb = 0
    system = lab.login("administrator@System")
    for number, name in enumerate(["roy", "leon", "pris", "zhora", "rachael", "deckard", "gaff"]):
        lab.vcenter.add(backing(f"vm-{80 + number}", name, disk_gib=10 + number))
        assert system.import_as_vapp(lab, name, f"vm-{80 + number}").status_code == 201
        lab.host.advance(60)
    return lab


def test_the_three_formats(many: Lab) -> None:
    api = many.login()
    records = api.xml("query?type=vApp&pageSize=1")
    first = find(records, "v:VAppRecord")[0]
    assert first.get("href").startswith("http://localhost/api/vApp/vapp-")
    assert first.get("id") is None
    ids = api.xml("query?type=vApp&format=idrecords&pageSize=1")
    assert find(ids, "v:VAppRecord")[0].get("id").startswith("urn:vcloud:vapp:")
    references = api.xml("query?type=vApp&format=references")
    assert references.tag.endswith("}VAppReferences")
    assert find(references, "v:VAppReference")[0].get("type") == "application/vnd.vmware.vcloud.vApp+xml"


def test_pages_follow_each_other_and_cover_everything_once(many: Lab) -> None:
    api = many.login()
    url: str | None = "query?type=vApp&pageSize=3&sortAsc=name"
    found: list[str | None] = []
    pages = 0
    while url is not None:
        page = api.xml(url)
        assert (page.get("total"), page.get("pageSize")) == ("7", "3")
        pages += 1
        assert page.get("page") == str(pages)
        found += record_names(page)
        rels = {e.get("rel"): e.get("href") for e in find(page, "v:Link") if "alternate" not in e.get("rel")}
        assert ("previousPage" in rels, "firstPage" in rels) == (pages > 1, pages > 1)
        assert ("lastPage" in rels) == (pages < 3)
        url = rels.get("nextPage")
    assert pages == 3
    assert found == ["deckard", "gaff", "leon", "pris", "rachael", "roy", "zhora"]


def test_paging_keeps_filter_and_sorting(many: Lab) -> None:
    page = many.login().xml("query?type=vApp&pageSize=1&filter=name==*r*&sortDesc=name")
    following = next(e.get("href") for e in find(page, "v:Link") if e.get("rel") == "nextPage")
    assert record_names(page) == ["zhora"]
    assert record_names(many.login().xml(following)) == ["roy"]


def test_a_page_behind_the_last_is_empty(many: Lab) -> None:
    page = many.login().xml("query?type=vApp&page=9")
    assert (page.get("total"), record_names(page)) == ("7", [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name==deckard", ["deckard"]),
        ("name!=deckard;name!=roy", ["leon", "pris", "zhora", "rachael", "gaff"]),
        ("name==deckard,name==roy", ["roy", "deckard"]),
        ("(name==roy,name==leon);numberOfCpus==2", ["roy", "leon"]),
        ("name==*a*;(storageKB=gt=18874368)", ["deckard", "gaff"]),
        ("status==powered_off;name==p*", ["pris"]),
        ("isDeployed==true", []),
        ("creationDate=ge=2017-11-06T09:05:00.000Z", ["deckard", "gaff"]),
    ],
)
def test_filters_select(many: Lab, text: str, expected: list[str]) -> None:
    page = many.login().xml(f"query?type=vApp&filter={quote(text)}")
    assert record_names(page) == expected


def test_a_filter_may_be_encoded_twice(many: Lab) -> None:
    vdc_href = f"http://localhost/api/vdc/{many.vdc.id}"
    text = quote(f"vdc=={quote(vdc_href, safe='')};name==deckard")
    page = many.login().xml(f"query?type=vApp&filterEncoded=true&filter={text}")
    assert record_names(page) == ["deckard"]


def test_hrefs_are_compared_by_the_id_they_end_with(many: Lab) -> None:
    api = many.login()
    for form in (f"https://10.3.0.41/api/vdc/{many.vdc.id}", many.vdc.id, f"urn:vcloud:vdc:{many.vdc.id}"):
        assert api.xml(f"query?type=vApp&filter={quote('vdc==' + form)}").get("total") == "7"


def test_fields_restrict_the_attributes(many: Lab) -> None:
    page = many.login().xml("query?type=vm&fields=name,status&pageSize=1")
    assert set(find(page, "v:VMRecord")[0].attrib) == {"name", "status", "href"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("type=vApp&filter=colour==red", "colour is not an attribute"),
        ("type=vApp&filter=name", "is not valid at 'name'"),
        ("type=vApp&filter=(name==roy", "is not valid at its end"),
        ("type=vApp&filter=name==roy)", "is not valid at ')'"),
        ("type=vApp&filter=numberOfCpus==two", "which is not a number"),
        ("type=vApp&filter=isDeployed==maybe", "which is not a boolean"),
        ("type=vApp&filter=" + "(" * 40 + "name==a" + ")" * 40, "nested too deeply"),
        ("type=vApp&sortAsc=colour", "is not an attribute that this query can be sorted by"),
        ("type=vApp&format=json", "is not a format"),
        ("type=vApp&page=0", "field 'page': must be greater"),
        ("type=vApp&pageSize=129", "field 'pageSize': must be less than or equal to 128"),
        ("type=vApp&pageSize=x", "field 'pageSize'"),
        ("type=unicorn", "is not the name of a query"),
    ],
)
def test_a_bad_query_is_refused_with_its_reason(lab: Lab, query: str, message: str) -> None:
    answer = lab.login().get(f"query?{query}")
    error = etree.fromstring(answer.data)
    assert (answer.status_code, error.get("minorErrorCode")) == (400, "BAD_REQUEST")
    assert message in error.get("message")


def test_the_query_list_has_a_link_for_every_type_and_format(lab: Lab) -> None:
    def listed(user: str, version: str = "29.0") -> set[tuple[str, str]]:
        links = find(lab.login(user, version).xml("query"), "v:Link")
        return {(e.get("name"), e.get("type").rpartition(".")[2]) for e in links}

    mine = listed("tyrelladmin@Tyrell")
    assert {("vApp", f"{f}+xml") for f in ("records", "idrecords", "references")} <= mine
    assert ("adminVApp", "records+xml") not in mine
    assert ("adminVApp", "records+xml") in listed("administrator@System")


def test_org_vdc_networks_are_not_listed_for_organizations_until_30_0_but_can_be_asked(lab: Lab) -> None:
    names = {e.get("name") for e in find(lab.login().xml("query"), "v:Link")}
    assert "orgVdcNetwork" not in names
    assert "orgNetwork" in names
    assert record_names(lab.login().xml("query?type=orgVdcNetwork")) == ["Tyrell Servers"]


def test_only_the_system_queries_admin_types(lab: Lab) -> None:
    assert lab.login().get("query?type=adminVM").status_code == 403
    system = lab.login("administrator@System")
    assert record_names(system.xml("query?type=organization")) == ["Tyrell", "Wallace"]
    assert record_names(system.xml("admin/orgs/query")) == ["Tyrell", "Wallace"]
    assert record_names(system.xml("query?type=virtualCenter")) == ["chc-vc01"]


def test_another_organization_sees_nothing_of_it(many: Lab) -> None:
    api = many.login("joi@Wallace")
    for kind in ("vApp", "vm", "orgVdcStorageProfile", "orgVdcNetwork", "task"):
        assert api.xml(f"query?type={kind}").get("total") == "0", kind
    assert record_names(api.xml("query?type=orgVdc")) == ["CHC Wallace"]
    assert record_names(api.xml("query?type=user")) == ["joi"]


def test_a_vapp_user_sees_its_own_vapps(many: Lab) -> None:
    api = many.login("holden@Tyrell")
    assert api.xml("query?type=vApp").get("total") == "0"
    many.vdc.vapps[2].owner = many.vcd.model.orgs[0].users[1]
    assert record_names(api.xml("query?type=vApp")) == ["pris"]
    assert record_names(api.xml("query?type=vm")) == ["pris"]


def test_tasks_are_queried_newest_first_when_asked(many: Lab) -> None:
    page = many.login().xml("query?type=task&sortDesc=startDate&filter=status==SUCCESS")
    times = [e.get("startDate") for e in find(page, "v:TaskRecord")]
    assert len(times) == 7
    assert times == sorted(times, reverse=True)


def test_metadata_can_be_filtered_by(many: Lab) -> None:
    from cxsim.fake_vcd.model import Metadatum

    many.vdc.vapps[3].metadata["wave"] = Metadatum("wave", "2")
    many.vdc.vapps[4].metadata["wave"] = Metadatum("wave", "3", "MetadataNumberValue")
    api = many.login()
    assert record_names(api.xml("query?type=vApp&filter=metadata:wave==STRING:2")) == ["zhora"]
    assert record_names(api.xml("query?type=vApp&filter=metadata:wave==NUMBER:3")) == ["rachael"]


def test_what_an_estate_never_holds_is_an_empty_list_and_what_is_not_emulated_a_gap(lab: Lab) -> None:
    api = lab.login()
    assert api.xml("query?type=catalog").get("total") == "0"
    assert lab.host.of("gap") == []
    assert api.get("query?type=adminEvent").status_code == 404
    assert lab.host.of("gap") == [
        {"product": "vCloud Director", "operation": "GET /api/query?type=adminEvent"}
    ]
