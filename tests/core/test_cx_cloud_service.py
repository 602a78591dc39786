"""The client of the CX cloud service: typed answers, renewed tokens, wrong appliances noticed."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cx_provider import CxProvider, error_object, reply

from cxsim.core.cx_cloud_service import CloudService, MigrationOrder, RemoteMigration, ReplicationManagerInfo
from cxsim.core.errors import BadAnswer, LoginRefused, NotFound
from cxsim.core.pinning import FirstSight


@pytest.fixture
def service(cx: CxProvider) -> Iterator[CloudService]:
    made = CloudService(
        "https://vcde.mycloud.local", "Tyrell", "tyrelladmin", "vmware", FirstSight(), (3.0, 7.0)
    )
    yield made
    made.close()


def order(vm: str = "deckard", **changes: Any) -> MigrationOrder:
    values: dict[str, Any] = {
        "external_key": f"migration-{vm}",
        "job": "Move",
        "vm": vm,
        "type": "WARM",
        "site": "Tyrell",
        "replicator_id": "R-7",
        "vcenter_id": "vc-uuid",
        "vm_moref": "vm-42",
        "vm_uuid": "uuid-42",
        "rpo_minutes": 15,
        "disk_type": "THIN",
        "start_time": None,
        "power_on": False,
        "tag": "wave-1",
        "vdc_href": "https://chc/api/vdc/1",
        "storage_profile_href": "https://chc/api/profile/1",
        "network_href": "https://chc/api/network/1",
        "vapp_name": vm,
        "group_vapp": False,
        **changes,
    }
    return MigrationOrder(**values)


def test_a_cloud_service_is_recognised_before_any_password_is_sent(
    cx: CxProvider, service: CloudService
) -> None:
    service.check_deployment()
    assert cx.calls == ["GET /info"]


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (
            {"deploymentType": "cx-connector"},
            "an appliance of type 'cx-connector' answers, not a cx-cloud-service",
        ),
        ({"version": "1"}, "its answer is not as documented: 'deploymentType' is missing"),
        ([], "its answer is not as documented: 'deploymentType' is missing"),
    ],
)
def test_another_appliance_is_named(cx: CxProvider, service: CloudService, info: Any, text: str) -> None:
    cx.info = info
    with pytest.raises(BadAnswer) as caught:
        service.check_deployment()
    assert caught.value.answer == text


def test_a_login_gives_the_token_that_later_calls_carry(cx: CxProvider, service: CloudService) -> None:
    service.login()
    info = service.replication_manager()
    assert info == ReplicationManagerInfo("https://203.0.113.32:8044", "SHA-256:AA", "token-1")
    assert cx.calls == ["GET /tenant/login", "GET /tenant/replicationmanager"]


def test_the_first_call_logs_in_by_itself(cx: CxProvider, service: CloudService) -> None:
    assert service.migrations() == []
    assert cx.calls == ["GET /tenant/login", "GET /tenant/migrations"]


def test_an_expired_token_is_renewed_once_and_the_call_repeated(
    cx: CxProvider, service: CloudService
) -> None:
    service.login()
    cx.valid_token = "expired"
    assert service.start_migration(order()).id == "M-1"
    assert cx.calls == [
        "GET /tenant/login",
        "POST /tenant/migrations",
        "GET /tenant/login",
        "POST /tenant/migrations",
    ]


def test_a_fresh_token_that_is_refused_ends_the_attempt(cx: CxProvider, service: CloudService) -> None:
    refusal = reply(401, error_object("NotAuthenticated", "No."))
    cx.overrides["GET /tenant/migrations"] = [refusal, refusal, refusal]
    with pytest.raises(LoginRefused):
        service.migrations()
    assert cx.called("GET /tenant/migrations") == 1
    with pytest.raises(LoginRefused):
        service.migrations()
    assert cx.called("GET /tenant/migrations") == 3
    assert cx.called("GET /tenant/login") == 2


def test_a_missing_right_is_no_reason_to_log_in_again(cx: CxProvider, service: CloudService) -> None:
    service.login()
    cx.overrides["GET /tenant/migrations"] = [reply(403, error_object("Forbidden", "Permission denied."))]
    with pytest.raises(LoginRefused, match="Permission denied"):
        service.migrations()
    assert cx.called("GET /tenant/login") == 1


def test_wrong_credentials_are_told_with_the_account_and_without_the_password(
    cx: CxProvider, service: CloudService
) -> None:
    cx.password = "other"
    with pytest.raises(LoginRefused) as caught:
        service.login()
    assert str(caught.value) == (
        "Could not log in as tyrelladmin@Tyrell. CX cloud service (https://vcde.mycloud.local): it does not accept "
        "the login (HTTP 401): Bad credentials [NotAuthenticated]. Check user, organization and password."
    )
    assert "vmware" not in str(caught.value)


def test_a_login_without_a_token_is_not_a_login(cx: CxProvider, service: CloudService) -> None:
    cx.overrides["GET /tenant/login"] = [(204, {}, "")]
    with pytest.raises(BadAnswer, match="the header 'x-mobility-authorization' is missing"):
        service.login()


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "it is not an object"),
        ({"apiUrl": "https://x", "thumbprint": "t"}, "'registrationToken' is missing or of the wrong type"),
        ({"apiUrl": 7}, "'apiUrl' is missing or of the wrong type"),
    ],
)
def test_an_incomplete_answer_about_the_manager_is_refused(
    cx: CxProvider, service: CloudService, document: Any, text: str
) -> None:
    cx.overrides["GET /tenant/replicationmanager"] = [reply(200, document)]
    with pytest.raises(BadAnswer, match=text):
        service.replication_manager()


def test_the_order_is_sent_as_documented(cx: CxProvider, service: CloudService) -> None:
    service.start_migration(order())
    assert cx.bodies[-1] == {
        "externalKey": "migration-deckard",
        "jobName": "Move",
        "vmName": "deckard",
        "type": "WARM",
        "site": "Tyrell",
        "replicatorId": "R-7",
        "vcId": "vc-uuid",
        "vmId": "vm-42",
        "vmUuid": "uuid-42",
        "rpo": 15,
        "quiesced": False,
        "targetDiskType": "THIN",
        "startTime": None,
        "powerOn": False,
        "tag": "wave-1",
        "target": {
            "vdc": "https://chc/api/vdc/1",
            "storageProfile": "https://chc/api/profile/1",
            "network": "https://chc/api/network/1",
            "vAppName": "deckard",
            "groupVApp": False,
        },
    }


def test_the_same_key_again_gives_the_same_migration(cx: CxProvider, service: CloudService) -> None:
    assert service.start_migration(order()) == service.start_migration(order())
    assert len(cx.migrations) == 1


def test_reports_are_typed(cx: CxProvider, service: CloudService) -> None:
    service.start_migration(order())
    cx.report("deckard", "SYNCING", 40.7)
    assert service.migration("M-1") == RemoteMigration("M-1", "migration-deckard", "SYNCING", 40, None)
    cx.report("deckard", "ERROR", None, error_object("ReplicationFailed", "No data."))
    assert service.migrations()[0].error == "No data [ReplicationFailed]"
    cx.report("deckard", "ERROR")
    assert service.migrations()[0].error == "no reason given"


@pytest.mark.parametrize(
    "change", [{"state": "DANCING"}, {"percent": 140}, {"percent": "40"}, {"id": None}, {"error": "text"}]
)
def test_a_report_that_is_not_as_documented_is_refused(
    cx: CxProvider, service: CloudService, change: dict[str, Any]
) -> None:
    service.start_migration(order())
    cx.migrations["M-1"].update(change)
    with pytest.raises(BadAnswer, match=f"'{next(iter(change))}' is missing or of the wrong type"):
        service.migrations()


def test_commands_reach_their_migration(cx: CxProvider, service: CloudService) -> None:
    service.start_migration(order())
    service.pause("M-1", "deckard")
    service.resume("M-1", "deckard")
    assert service.cut_over("M-1", "deckard", True, "wave-1").state == "CUTTING_OVER"
    assert cx.bodies[-1] == {"powerOn": True, "tag": "wave-1"}
    service.remove("M-1", "deckard")
    assert cx.calls[-1] == "DELETE /tenant/migrations/M-1"
    with pytest.raises(NotFound):
        service.remove("M-1", "deckard")
