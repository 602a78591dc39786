"""How the cloud service speaks to vCloud Director (cx.md 1.2 row 11, 5.1).

Rules of this file: a session is opened for one piece of work and closed after it; hrefs in vCD's answers
are followed as given (a wrong public address of vCD shows, cx.md P22), while hrefs that came from a tenant
are asked at the address the cloud service knows vCD by. Every method raises the `CommunicationError`
family, `VcdFailure` with vCD's own words, or `TookTooLong`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors, vcd_xml
from cxsim.fake_cx.outgoing import Answer, Outgoing, Peer
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcd_xml import Element, ImportParams

TOKEN_HEADER = "x-vcloud-authorization"
_RUNNING = ("queued", "preRunning", "running")


@dataclass(frozen=True)
class ImportedVm:
    """Where an imported VM is."""

    vapp_href: str
    vm_href: str


class Vcd:
    """One vCloud Director, as the cloud service was linked to it."""

    def __init__(
        self, host: Host, settings: CxSettings, outgoing: Outgoing, base_url: str, thumbprint: str | None
    ) -> None:
        self._host = host
        self._settings = settings
        self._peer = outgoing.peer(base_url, thumbprint)

    @contextmanager
    def session(self, user: str, org: str, password: str) -> Iterator[VcdSession]:
        """A session for one piece of work. Raises `NotAuthenticated` when vCD refuses the credentials."""
        version = self._settings.vcd_api_version
        answer = self._peer.call(
            "POST",
            "/api/sessions",
            basic=(f"{user}@{org}", password),
            headers={"Accept": f"application/*+xml;version={version}"},
        )
        if answer.status == 401:
            raise errors.NotAuthenticated(f"vCloud Director refused the credentials of {user}@{org}.")
        _good(answer)
        known_org = str(_document(answer).get("org") or org)
        session = VcdSession(self._host, self._settings, self._peer, answer.header(TOKEN_HEADER), known_org)
        try:
            yield session
        finally:
            session.close()


class VcdSession:
    """Work at vCD with one token."""

    def __init__(self, host: Host, settings: CxSettings, peer: Peer, token: str, org: str) -> None:
        self.org = org
        """The organization as vCD writes it."""
        self._host = host
        self._settings = settings
        self._peer = peer
        self._headers = {
            TOKEN_HEADER: token,
            "Accept": f"application/*+xml;version={settings.vcd_api_version}",
        }

    def close(self) -> None:
        """Log out; a failure to do so is nobody's concern."""
        try:
            self._peer.call("DELETE", "/api/session", headers=self._headers)
        except errors.H4Error:
            return

    def get(self, href: str) -> Element:
        """A document."""
        return _document(self._call("GET", href))

    def send(self, method: str, href: str, data: bytes | None, media_type: str | None) -> Element:
        """Send a document; the answer."""
        return _document(self._call(method, href, data, media_type))

    def known(self, href: str) -> str:
        """An href of a tenant, at the address that this appliance knows vCD by."""
        parts = urlsplit(href)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._peer.base_url}{parts.path}{query}" if parts.path.startswith("/api/") else href

    def _call(
        self, method: str, href: str, data: bytes | None = None, media_type: str | None = None
    ) -> Answer:
        headers = dict(self._headers)
        if media_type is not None:
            headers["Content-Type"] = media_type
        return _good(self._peer.call(method, href, data=data, headers=headers))

    def wait(self, document: Element, purpose: str) -> None:
        """Follow the task in an answer to its end. An answer without one is finished work. Connections
        that fail meanwhile are tried again `attempts` times."""
        task = vcd_xml.task_of(document)
        if task is None:
            return
        href, waited_s, failures = str(task.get("href")), 0.0, 0
        while task.get("status") in _RUNNING:
            if waited_s >= self._settings.vcd_task_limit_s:
                raise errors.TookTooLong(
                    f"vCloud Director has not finished to {purpose} after {waited_s:g} s"
                )
            self._host.sleep(self._settings.vcd_task_poll_s)
            waited_s += self._settings.vcd_task_poll_s
            try:
                task, failures = self.get(href), 0
            except errors.CommunicationError as error:
                failures += 1
                if failures >= self._settings.attempts or not errors.is_transient(error):
                    raise
        if task.get("status") != "success":
            words = vcd_xml.error_words(task) or str(task.get("status"))
            raise errors.VcdFailure(f"vCloud Director could not {purpose}: {words}", words)

    def vim_server(self, name: str) -> str:
        """The href of a vCenter by name, '' = the first."""
        extension = self.get("/api/admin/extension")
        listing = vcd_xml.href_of_type(extension, vcd_xml.VIM_SERVER_REFERENCES)
        servers = vcd_xml.vim_servers(self.get(listing or "/api/admin/extension/vimServerReferences"))
        for known, href in servers:
            if name in ("", known):
                return href
        raise errors.VcdFailure(f"vCloud Director has no vCenter {name}".rstrip(), name)

    def name_of(self, href: str) -> str:
        """The name of anything."""
        return str(self.get(self.known(href)).get("name") or "")

    def find_by_moref(self, vcenter_name: str, moref: str) -> vcd_xml.VmRecord | None:
        """The VM that vCD has made, or begun to make, of a VM of a vCenter."""
        vim_server = self.vim_server(vcenter_name)
        query = f"/api/query?type=adminVM&format=records&pageSize=128&filter=moref=={moref}"
        records = vcd_xml.vm_records(self.get(self.known(query)))
        return next(
            (r for r in records if r.vcenter.rpartition("/")[2] == vim_server.rpartition("/")[2]), None
        )

    def delete(self, vm: vcd_xml.VmRecord) -> None:
        """Delete a VM that is off, with its vApp when nothing else is in it."""
        alone = len(vcd_xml.vms_of(self.get(self.known(vm.vapp_href)))) <= 1
        # A vApp counts as deployed until somebody stops it, also when its only VM was stopped by itself.
        href = f"{vm.vapp_href}?force=true" if alone else vm.href
        self.wait(self.send("DELETE", self.known(href), None, None), f"delete VM {vm.name}")

    def vapp_exists(self, href: str) -> bool:
        """False when it was deleted: vCD answers 403 or 404 then."""
        answer = self._peer.call("GET", href, headers=self._headers)
        return answer.status not in (403, 404) and bool(_good(answer))

    def import_as_vapp(self, vim_server: str, name: str, vdc: str, params: ImportParams) -> ImportedVm:
        """A new vApp with this one VM."""
        body = vcd_xml.import_as_vapp(name, vdc, params)
        vapp = self.send("POST", f"{vim_server}/importVmAsVApp", body, vcd_xml.IMPORT_AS_VAPP)
        self.wait(vapp, f"import VM {params.vm_name}")
        return self._imported(str(vapp.get("href")), params)

    def import_into_vapp(self, vim_server: str, vapp_href: str, params: ImportParams) -> ImportedVm:
        """One more VM of a vApp."""
        body = vcd_xml.import_into_vapp(vapp_href, params)
        url = f"{vim_server}/importVmIntoExistingVApp"
        self.wait(self.send("POST", url, body, vcd_xml.IMPORT_INTO_VAPP), f"import VM {params.vm_name}")
        return self._imported(vapp_href, params)

    def _imported(self, vapp_href: str, params: ImportParams) -> ImportedVm:
        vms = dict(vcd_xml.vms_of(self.get(vapp_href)))
        if params.vm_name not in vms:
            raise errors.VcdFailure(f"The imported vApp has no VM {params.vm_name}", vapp_href)
        return ImportedVm(vapp_href, vms[params.vm_name])

    def connect(self, imported: ImportedVm, network_name: str, network_href: str) -> None:
        """Put every card of the VM on the network, which the vApp is given when it has it not."""
        section_href = f"{imported.vapp_href}/networkConfigSection/"
        added = vcd_xml.with_network(self.get(section_href), network_name, network_href)
        if added is not None:
            self.wait(
                self.send("PUT", section_href, added, vcd_xml.NETWORK_CONFIG), "give the vApp its network"
            )
        section_href = f"{imported.vm_href}/networkConnectionSection/"
        mode = self._settings.ip_allocation_mode
        body = vcd_xml.connected(self.get(section_href), network_name, mode)
        if body is not None:
            self.wait(self.send("PUT", section_href, body, vcd_xml.CONNECTIONS), "connect the network")

    def power_on(self, vm_href: str) -> None:
        """Power a VM on."""
        self.wait(self.send("POST", f"{vm_href}/power/action/powerOn", None, None), "power on the VM")


def _good(answer: Answer) -> Answer:
    """The answer when it is a success. Raises `VcdFailure` with vCD's words, `UnexpectedAnswer` when it is
    not vCD that answers."""
    if 200 <= answer.status < 300:
        return answer
    try:
        words = vcd_xml.error_words(vcd_xml.parse(answer.body))
    except ValueError:
        words = None
    if words is None:
        answer.expect()
    raise errors.VcdFailure(
        f"vCloud Director answered {answer.method} {answer.url} with HTTP {answer.status}: {words}", words
    )


def _document(answer: Answer) -> Element:
    try:
        return vcd_xml.parse(answer.body)
    except ValueError as error:
        raise errors.UnexpectedAnswer(
            f"{answer.method} {answer.url} was answered without XML: {error}", answer.url
        ) from None
