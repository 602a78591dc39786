"""The life of a provider cloud: Test, certificates, Add, enabling in the background, Edit, Delete."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_world import FORM, Certificates, FakeVcd, FakeVcenter, VirtualRuntime, config
from cx_provider import CxProvider, error_object, reply

from cxsim.core.appliance import Appliance, ProviderCloud, VdcRow
from cxsim.core.errors import Conflict, ConnectionTrouble, InputError, LoginRefused, NotFound, UserError
from cxsim.core.pinning import ShownCertificate, thumbprint

PAYG_ROW = {
    "name": "CHC Tyrell PAYG",
    "cpu": "0 MHz / Unlimited",
    "memory": "0 / Unlimited",
    "storage": "0 / 200.00 GB",
}
PLACES = ["chc.mycloud.local:443", "vcde.mycloud.local:443"]


class Dialogue:
    """The certificate dialogue: answers, and remembers what it showed."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.shown: list[list[str]] = []

    def __call__(self, certificates: Any) -> bool:
        self.shown.append([certificate.place for certificate in certificates])
        return self.answer


def statuses(runtime: VirtualRuntime) -> list[tuple[str, str | None]]:
    return [(fields["status"], fields["reason"]) for fields in runtime.of("cloud")]


def refused(where: str = "x") -> ConnectionTrouble:
    return ConnectionTrouble("connect", where, "the connection was refused", "the port")


def cx_10(runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd) -> Appliance:
    return Appliance(runtime, config(cx_version="1.0"), open_vcenter=vcenter.open, open_vcd=vcd.open)


# --- Test


def test_test_connects_at_both_places_and_says_so(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcd: FakeVcd
) -> None:
    dialogue = Dialogue()
    outcome = appliance.test_cloud(FORM, dialogue)
    assert (outcome.connected, outcome.message) == (True, "Connected successfully!")
    assert runtime.events == [
        (0.0, "message", {"text": "Connected successfully!", "level": "info", "subject": "MyCloud-CHC"})
    ]
    assert vcd.logins == ["tyrelladmin@Tyrell"]
    assert cx.calls == ["GET /info", "GET /tenant/login"]
    assert dialogue.shown == [], "CX 1.1 shows certificates after Add"
    assert appliance.clouds() == []


def test_in_1_0_certificates_are_shown_during_test_and_not_again_at_add(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Certificates
) -> None:
    appliance = cx_10(runtime, vcenter, vcd)
    dialogue = Dialogue()
    assert appliance.test_cloud(FORM, dialogue).connected
    assert dialogue.shown == [PLACES]
    assert appliance.add_cloud(FORM, dialogue) is not None
    assert dialogue.shown == [PLACES]
    assert [(e["at"], e["trusted"], e["asked"]) for e in runtime.of("certificates")] == [
        ("Test", True, True),
        ("Add", True, False),
    ]


def test_in_1_0_declined_certificates_end_the_test_before_any_login(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Certificates
) -> None:
    outcome = cx_10(runtime, vcenter, vcd).test_cloud(FORM, Dialogue(False))
    assert not outcome.connected
    assert outcome.message == "The certificates were not trusted; nothing was tested further."
    assert cx.calls == []
    assert vcd.logins == []


def test_in_1_0_test_tells_which_place_cannot_be_reached(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Certificates
) -> None:
    certificates.shown["vcde.mycloud.local", 443] = refused("https://vcde.mycloud.local:443")
    outcome = cx_10(runtime, vcenter, vcd).test_cloud(FORM, Dialogue())
    assert outcome.message == (
        "Could not connect. https://vcde.mycloud.local:443: the connection was refused. Check the port."
    )


def test_test_tells_a_bad_form_a_refused_login_and_a_wrong_appliance(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcd: FakeVcd
) -> None:
    bad = appliance.test_cloud(replace(FORM, url="https://chc/"), Dialogue())
    assert bad.message.startswith("Could not use the provider cloud as typed. Provider Cloud URL:")
    vcd.trouble = LoginRefused("log in as tyrelladmin@Tyrell", "vCloud Director", "no", "the password")
    assert not appliance.test_cloud(FORM, Dialogue()).connected
    vcd.trouble = None
    cx.info = {"deploymentType": "cx-connector"}
    wrong = appliance.test_cloud(FORM, Dialogue())
    assert "an appliance of type 'cx-connector' answers" in wrong.message
    messages = runtime.of("message")
    assert [m["level"] for m in messages] == ["error"] * 3
    assert set(messages[0]) == {"text", "level", "subject", "attempted", "where", "answer", "check"}


# --- Add and certificates


def test_add_shows_certificates_then_enables_in_the_background_until_running(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    dialogue = Dialogue()
    added = appliance.add_cloud(FORM, dialogue)
    assert added == ProviderCloud("MyCloud-CHC", "Enabling", None, None)
    assert dialogue.shown == [PLACES]
    runtime.sleep(60)
    assert appliance.cloud("MyCloud-CHC") == ProviderCloud(
        "MyCloud-CHC", "Running", None, (VdcRow(**PAYG_ROW),)
    )
    assert runtime.events == [
        (
            0.0,
            "certificates",
            {
                "cloud": "MyCloud-CHC",
                "at": "Add",
                "hosts": PLACES,
                "thumbprints": [thumbprint(b"vcd"), thumbprint(b"cx")],
                "trusted": True,
                "asked": True,
            },
        ),
        (0.0, "cloud", {"cloud": "MyCloud-CHC", "status": "Enabling", "reason": None}),
        (0.0, "vdc", {"cloud": "MyCloud-CHC", "vdcs": "Loading..."}),
        (10.0, "cloud", {"cloud": "MyCloud-CHC", "status": "Running", "reason": None}),
        (10.0, "vdc", {"cloud": "MyCloud-CHC", "vdcs": [PAYG_ROW]}),
    ]
    assert cx.calls == [
        "GET /info",
        "GET /tenant/login",
        "GET /tenant/replicationmanager",
        "GET /diagnostics/about",
        "POST /replicators",
        "GET /tasks/T-1",
        "GET /tasks/T-1",
    ]
    assert cx.bodies[4]["details"]["apiThumbprint"] == thumbprint(b"replicator")


def test_declined_certificates_add_nothing(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    assert appliance.add_cloud(FORM, Dialogue(False)) is None
    runtime.sleep(60)
    assert appliance.clouds() == []
    assert statuses(runtime) == []
    assert runtime.of("certificates")[0]["trusted"] is False
    assert runtime.of("message")[0]["text"] == "The certificates were not trusted; nothing was added."
    assert cx.calls == []
    assert appliance.add_cloud(FORM, Dialogue()) is not None, "the name is free again"


def test_trusted_certificates_are_not_asked_again(appliance: Appliance, runtime: VirtualRuntime) -> None:
    dialogue = Dialogue()
    appliance.add_cloud(FORM, dialogue)
    appliance.add_cloud(replace(FORM, name="Second"), dialogue)
    assert dialogue.shown == [PLACES]
    assert [e["asked"] for e in runtime.of("certificates")] == [True, False]


def test_only_the_certificate_that_changed_is_asked(
    appliance: Appliance, runtime: VirtualRuntime, certificates: Certificates
) -> None:
    dialogue = Dialogue()
    appliance.add_cloud(FORM, dialogue)
    certificates.shown["vcde.mycloud.local", 443] = b"renewed"
    appliance.edit_cloud("MyCloud-CHC", FORM, dialogue)
    assert dialogue.shown == [PLACES, PLACES[1:]]


def test_a_place_that_cannot_be_reached_shows_nothing_and_enabling_says_why(
    appliance: Appliance, runtime: VirtualRuntime, certificates: Certificates, vcd: FakeVcd
) -> None:
    for place in PLACES:
        host, _, port = place.partition(":")
        certificates.shown[host, int(port)] = refused()
    vcd.trouble = refused("vCloud Director (https://chc.mycloud.local)")
    dialogue = Dialogue()
    assert appliance.add_cloud(FORM, dialogue) is not None
    assert dialogue.shown == []
    assert runtime.of("certificates") == []
    runtime.sleep(60)
    assert statuses(runtime)[-1] == (
        "Enable Failed",
        "vCloud Director (https://chc.mycloud.local): the connection was refused",
    )


def test_a_name_in_use_is_refused_whatever_its_case(appliance: Appliance, runtime: VirtualRuntime) -> None:
    appliance.add_cloud(FORM, Dialogue())
    dialogue = Dialogue()
    with pytest.raises(Conflict, match="a provider cloud of this name exists already"):
        appliance.add_cloud(replace(FORM, name="mycloud-chc"), dialogue)
    assert dialogue.shown == []
    assert [cloud.name for cloud in appliance.clouds()] == ["MyCloud-CHC"]
    assert runtime.of("message")[-1]["level"] == "error"


def test_a_bad_form_adds_nothing_and_is_told(appliance: Appliance, runtime: VirtualRuntime) -> None:
    with pytest.raises(InputError):
        appliance.add_cloud(replace(FORM, user=""), Dialogue())
    assert appliance.clouds() == []
    assert runtime.of("message")[-1]["where"] == "Org Admin user"


# --- Enable Failed


def fail_login(cx: CxProvider, vcd: FakeVcd) -> None:
    vcd.trouble = LoginRefused("log in", "vCloud Director", "it does not accept the login", "the password")


def fail_vdcs(cx: CxProvider, vcd: FakeVcd) -> None:
    def no_vdcs() -> list[Any]:
        raise NotFound("list the vDCs", "vCloud Director", "no vDC", "with the provider")

    vcd.vdcs = no_vdcs  # type: ignore[method-assign]


def fail_manager(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.overrides["GET /diagnostics/about"] = [OSError(113, "No route to host")]


def fail_product(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.about = reply(404, error_object("NotFound", "There is no such path."))


def fail_task(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.task_error = error_object("ConnectionTimedOut", "https://198.51.100.10:443: connection timed out.")


def fail_callback(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.task_error = error_object("ManagerUnreachable", "the replicator cannot call back.")


def fail_secret(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.task_error = error_object("RemoteAuthenticationFailure", "Bad root password.")


def fail_register(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.overrides["POST /replicators"] = [reply(403, error_object("Forbidden", "Permission denied."))]


def never_end(cx: CxProvider, vcd: FakeVcd) -> None:
    cx.task_polls = 10**6


MANAGER = "Replication Manager (https://203.0.113.32:8044)"
FAILURES = [
    (fail_login, "vCloud Director: it does not accept the login", "the password"),
    (fail_vdcs, "vCloud Director: no vDC", "with the provider"),
    (
        fail_manager,
        f"{MANAGER}: no route to the host",
        "that the firewalls of both sides let this appliance reach",
    ),
    (
        fail_product,
        f"{MANAGER}: something answers there that is not a Replication Manager: it does not know what was asked for "
        "(HTTP 404): There is no such path [NotFound]",
        "at the provider: the Replication Manager's Public Endpoint URL (address and port, normally 8044)",
    ),
    (
        fail_task,
        f"{MANAGER}: it reports: https://198.51.100.10:443: connection timed out [ConnectionTimedOut]",
        "at the tenant: that the firewall lets the provider's addresses reach the replicator's public endpoint",
    ),
    (
        fail_callback,
        f"{MANAGER}: it reports: the replicator cannot call back [ManagerUnreachable]",
        "that the tenant's replicator can reach the Replication Manager's public endpoint (8044)",
    ),
    (
        fail_secret,
        f"{MANAGER}: it reports: Bad root password [RemoteAuthenticationFailure]",
        "the replicator's root password and its SSO user and password",
    ),
    (
        fail_register,
        f"{MANAGER}: the user has no permission (HTTP 403): Permission denied [Forbidden]",
        "the user's role (organization administrator)",
    ),
    (never_end, f"{MANAGER}: the registration has not ended after 600 s", "at the tenant: that the firewall"),
]


@pytest.mark.parametrize(("break_it", "reason", "check"), FAILURES)
def test_a_step_that_fails_is_enable_failed_with_its_reason_and_vdcs_stay_loading(
    appliance: Appliance,
    runtime: VirtualRuntime,
    cx: CxProvider,
    vcd: FakeVcd,
    break_it: Any,
    reason: str,
    check: str,
) -> None:
    break_it(cx, vcd)
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(900)
    assert statuses(runtime) == [("Enabling", None), ("Enable Failed", reason)]
    assert runtime.of("vdc") == [{"cloud": "MyCloud-CHC", "vdcs": "Loading..."}]
    assert appliance.cloud("MyCloud-CHC").vdcs is None
    message = runtime.of("message")[-1]
    assert message["level"] == "error"
    assert message["check"].startswith(check)
    assert not [task for task in runtime.tasks if task.error], "it was no mistake of the program"


def test_the_replicator_that_cannot_be_reached_inside_the_site_is_told(
    appliance: Appliance, runtime: VirtualRuntime, certificates: Certificates
) -> None:
    certificates.shown["192.168.0.34", 8043] = refused("https://192.168.0.34:8043")
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(60)
    assert statuses(runtime)[-1] == ("Enable Failed", "https://192.168.0.34:8043: the connection was refused")


def test_a_mistake_of_the_program_does_not_leave_the_cloud_enabling(
    appliance: Appliance, runtime: VirtualRuntime, vcd: FakeVcd
) -> None:
    def broken() -> list[Any]:
        raise KeyError("oops")

    vcd.vdcs = broken  # type: ignore[method-assign]
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(60)
    assert statuses(runtime)[-1] == ("Enable Failed", "internal error (KeyError)")
    assert isinstance(runtime.tasks[0].error, KeyError), "the exception is kept for the developer"


# --- Edit and Delete


def test_edit_enables_again_and_mends_a_failed_cloud(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    cx.password = "right"
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(60)
    assert appliance.cloud("MyCloud-CHC").status == "Enable Failed"
    edited = appliance.edit_cloud("MyCloud-CHC", replace(FORM, password="right"), Dialogue())
    assert edited is not None
    assert (edited.status, edited.reason) == ("Enabling", None)
    runtime.sleep(60)
    assert appliance.cloud("MyCloud-CHC").status == "Running"
    assert [s for s, _ in statuses(runtime)] == ["Enabling", "Enable Failed", "Enabling", "Running"]
    assert [v["vdcs"] for v in runtime.of("vdc")] == ["Loading...", "Loading...", [PAYG_ROW]]


def test_an_attempt_that_was_overtaken_by_edit_is_dropped(
    appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    cx.task_polls = 4
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(7)
    appliance.edit_cloud("MyCloud-CHC", FORM, Dialogue())
    runtime.sleep(120)
    assert [s for s, _ in statuses(runtime)] == ["Enabling", "Enabling", "Running"]


def test_edit_refuses_another_name_an_unknown_cloud_and_declined_certificates(
    appliance: Appliance, runtime: VirtualRuntime, certificates: Certificates
) -> None:
    appliance.add_cloud(FORM, Dialogue())
    runtime.sleep(60)
    with pytest.raises(InputError, match="cannot be changed to 'Other'"):
        appliance.edit_cloud("MyCloud-CHC", replace(FORM, name="Other"), Dialogue())
    with pytest.raises(NotFound, match="nearest: MyCloud-CHC"):
        appliance.edit_cloud("MyCloud-CHX", replace(FORM, name="MyCloud-CHX"), Dialogue())
    certificates.shown["vcde.mycloud.local", 443] = b"renewed"
    assert appliance.edit_cloud("MyCloud-CHC", FORM, Dialogue(False)) is None
    assert appliance.cloud("MyCloud-CHC").status == "Running"


def test_delete_takes_a_cloud_off_the_list_at_any_time(appliance: Appliance, runtime: VirtualRuntime) -> None:
    appliance.add_cloud(FORM, Dialogue())
    appliance.delete_cloud("MyCloud-CHC")
    runtime.sleep(60)
    assert [s for s, _ in statuses(runtime)] == ["Enabling", "Deleted"]
    assert appliance.clouds() == []
    with pytest.raises(NotFound):
        appliance.delete_cloud("MyCloud-CHC")
    assert appliance.add_cloud(FORM, Dialogue()) is not None, "the name is free again"


def test_an_unknown_cloud_is_answered_with_the_nearest_name(appliance: Appliance) -> None:
    appliance.add_cloud(FORM, Dialogue())
    with pytest.raises(UserError, match="nearest: MyCloud-CHC"):
        appliance.cloud("MyCloud-CH")


def test_certificates_are_handed_to_the_dialogue_with_their_thumbprints(appliance: Appliance) -> None:
    seen: list[ShownCertificate] = []

    def dialogue(certificates: Any) -> bool:
        seen.extend(certificates)
        return True

    appliance.add_cloud(FORM, dialogue)
    assert [(c.host, c.port, c.thumbprint) for c in seen] == [
        ("chc.mycloud.local", 443, thumbprint(b"vcd")),
        ("vcde.mycloud.local", 443, thumbprint(b"cx")),
    ]
