"""The certificate that the tenant's vCenter showed first is remembered over a restart of the core."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.core.errors import CertificateMismatch
from cxsim.core.journal import SqliteJournal
from cxsim.sim.crash.plans import COLD as PLAN
from cxsim.sim.crash.plans import environment_of
from cxsim.sim.kernel import hooks
from cxsim.sim.world.world import World


def test_another_certificate_after_a_restart_is_refused_before_the_password_is_sent(tmp_path: Path) -> None:
    with hooks.installed():
        world = World(environment_of(PLAN), 1)
        host = world.core_host

        def look() -> None:
            world.appliance.inventory()

        with world.hub as hub:
            world.start_core(journal=SqliteJournal(tmp_path / "journal", durable=False))
            first = hub.spawn(host, look, name="user")
            hub.run_until(first)
            first.result()
            world.show_identity("tyrell-vc01", world.new_identity("tyrell-vc01", 2), "here", restart=True)
            appliance = world.start_core(journal=SqliteJournal(tmp_path / "journal", durable=False))
            logins = sum(e.fields["path"] == "SOAP Login" for e in world.log.of("call"))
            appliance.carry_on(lambda cloud, user: None)
            second = hub.spawn(host, look, name="user")
            hub.run_until(second)
            with pytest.raises(CertificateMismatch, match="differs from the expected one"):
                second.result()
    assert sum(e.fields["path"] == "SOAP Login" for e in world.log.of("call")) == logins == 1
    rows = [d for d in SqliteJournal(tmp_path / "journal").decisions() if d.machine == "certificate"]
    assert [(d.subject, d.event) for d in rows] == [("192.168.0.13:443", "registered at first sight")]
