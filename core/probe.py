"""The Test button, and looking at certificates before anything is trusted.

Rules of this file: Test is optional and changes nothing but the trusted certificates (CX 1.0). It reaches
the two https places of the form and no others, so it cannot see what enabling needs (cx.md 2.3: what Test
verifies in detail is inferred from that table [I]).
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import CloudService
from cxsim.core.errors import UserError
from cxsim.core.messages import tell, tell_error
from cxsim.core.neighbours import OpenVcd
from cxsim.core.pinning import FirstSight, Judge, ShownCertificate, look_at
from cxsim.core.runtime import Runtime
from cxsim.core.trust import Trust, TrustedCertificates
from cxsim.core.wizard import CloudEndpoints, ProviderCloudForm, cloud_endpoints

CONNECTED = "Connected successfully!"
"""The green bar (cx.md 2.3, screenshot)."""

AT_TEST = "1.0"
"""The version that shows certificates during Test; later ones after Add."""


@dataclass(frozen=True)
class TestOutcome:
    """What the dialogue shows: the green bar, or what failed in words to act on."""

    __test__ = False  # the name is the product's; not a class for pytest to collect

    connected: bool
    message: str


class CloudProbe:
    """Tests provider clouds."""

    def __init__(
        self, runtime: Runtime, config: ApplianceConfig, trusted: TrustedCertificates, open_vcd: OpenVcd
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._trusted = trusted
        self._open_vcd = open_vcd

    def test(self, form: ProviderCloudForm, trust: Trust) -> TestOutcome:
        """DNS, TCP, TLS, organization, and the login at vCD and cloud service. Never raises `UserError`."""
        try:
            endpoints = cloud_endpoints(form)
            judge = self._judge(form.name, endpoints, trust)
            if judge is None:
                return TestOutcome(False, "The certificates were not trusted; nothing was tested further.")
            self._log_in(form, endpoints, judge)
        except UserError as error:
            tell_error(self._runtime, form.name, error)
            return TestOutcome(False, str(error))
        tell(self._runtime, form.name, CONNECTED)
        return TestOutcome(True, CONNECTED)

    def _judge(self, cloud: str, endpoints: CloudEndpoints, trust: Trust) -> Judge | None:
        if self._config.cx_version != AT_TEST:
            return self._trusted.pins_or_first_sight()
        shown = [certificate for place in endpoints.places for certificate in self._look(place)]
        return self._trusted.pins() if self._trusted.ask(cloud, "Test", shown, trust) else None

    def _log_in(self, form: ProviderCloudForm, endpoints: CloudEndpoints, judge: Judge) -> None:
        with self._open_vcd(endpoints, form.user, form.password, judge):
            pass
        service = cloud_service(form, endpoints, judge, self._config)
        try:
            service.check_deployment()
            service.login()
        finally:
            service.close()

    def certificates(self, endpoints: CloudEndpoints) -> list[ShownCertificate]:
        """What the places show now. A place that cannot be reached shows nothing; enabling will say why."""
        shown = []
        for place in endpoints.places:
            try:
                shown += self._look(place)
            except UserError:
                continue
        return shown

    def _look(self, place: tuple[str, int]) -> list[ShownCertificate]:
        seen = FirstSight()
        look_at(*place, seen, self._config.connect_timeout_s)
        return seen.shown


def cloud_service(
    form: ProviderCloudForm, endpoints: CloudEndpoints, judge: Judge, config: ApplianceConfig
) -> CloudService:
    """A client for the cloud service of a form."""
    return CloudService(endpoints.cx_url, endpoints.org, form.user, form.password, judge, config.timeouts_s)
