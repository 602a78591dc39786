"""The tenant's administrator: takes a scenario's steps one after another, through the core's own facade.

Rules of this file: one method a kind of step, in a table; waiting is event by event. A step that cannot be
taken ends the run's steps with a reason; what the core itself told its user is in the event log already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from cxsim.core.appliance import Appliance, CutoverRequest, MigrationRequest, ProviderCloudForm
from cxsim.core.errors import UserError
from cxsim.core.pinning import ShownCertificate
from cxsim.core.runtime import Runtime
from cxsim.sim.scenario import Condition, Scenario, Watch
from cxsim.sim.scenario import steps as written


class WaitedInVain(Exception):
    """What a `wait` waits for was not reached in time."""


class Driver:
    """Takes the steps of a scenario. `run` blocks, in a task of the host that the core runs on."""

    def __init__(self, scenario: Scenario, appliance: Appliance, runtime: Runtime, watch: Watch) -> None:
        self._scenario, self._appliance, self._runtime, self._watch = scenario, appliance, runtime, watch
        self._forms = {
            name: ProviderCloudForm(name, cloud.url, cloud.cx_url, cloud.user, cloud.password)
            for name, cloud in scenario.provider_clouds.items()
        }
        self._waits = {
            id(step): Condition(step.wait.subject, scenario) for step in scenario.steps if step.wait
        }
        self._woken: dict[int, Callable[[], None]] = {}
        for key, condition in self._waits.items():
            watch.add(condition, partial(self._wake, key))
        self._takers: dict[type, Callable[[Any], None]] = {
            written.TestCloud: self._test_cloud,
            written.AddCloud: self._add_cloud,
            written.EditCloud: self._edit_cloud,
            written.DeleteCloud: self._delete_cloud,
            written.Migrate: self._migrate,
            written.Cutover: self._cutover,
            written.Pause: lambda step: self._each(step, self._appliance.pause),
            written.Resume: lambda step: self._each(step, self._appliance.resume),
            written.Cancel: lambda step: self._each(step, self._appliance.cancel),
            written.RunFor: lambda step: self._runtime.sleep(step.duration_s),
            written.RunUntil: self._run_until,
        }

    def run(self) -> str | None:
        """Take every step; why the steps ended before the last one, None when they did not."""
        for step in self._scenario.steps:
            self._runtime.log("step", text=step.text, place=str(step.place))
            try:
                if step.wait:
                    self._wait(step)
                else:
                    self._takers[type(step.step)](step.step)
            except UserError as error:
                return f"{step.place}: {step.text}: {error}"
            except WaitedInVain as reason:
                return f"{step.place}: {reason}"
        return None

    def _wake(self, key: int) -> None:
        self._woken[key]()

    def _test_cloud(self, step: written.TestCloud) -> None:
        self._appliance.test_cloud(self._forms[step.cloud], _answering(step.trust))

    def _add_cloud(self, step: written.AddCloud) -> None:
        self._appliance.add_cloud(self._forms[step.cloud], _answering(step.trust))

    def _edit_cloud(self, step: written.EditCloud) -> None:
        old = self._forms[step.cloud]
        form = ProviderCloudForm(
            old.name,
            step.url or old.url,
            step.cx_url or old.cx_url,
            step.user or old.user,
            step.password or old.password,
        )
        if self._appliance.edit_cloud(step.cloud, form, _answering(step.trust)) is not None:
            self._forms[step.cloud] = form

    def _delete_cloud(self, step: written.DeleteCloud) -> None:
        self._appliance.delete_cloud(step.cloud)

    def _migrate(self, step: written.Migrate) -> None:
        request = MigrationRequest(
            job=step.job,
            type=step.type,
            vms=step.vms,
            cloud=step.cloud,
            vdc=step.vdc,
            storage_profile=step.storage_profile,
            network=step.network,
            layout=step.layout,
            vapp_name=step.vapp_name,
            start=self._start_s(step.start),
            rpo_s=step.rpo_s,
            disk_type=step.disk_type,
            tag=step.tag or "",
            power_on=step.power_on,
        )
        self._appliance.migrate(request)

    def _start_s(self, start: str | float | datetime) -> float | None:
        if isinstance(start, datetime):
            return start.timestamp()
        return self._scenario.start_s + start if isinstance(start, int | float) else None

    def _cutover(self, step: written.Cutover) -> None:
        self._appliance.cutover(CutoverRequest(step.vms, step.power_on, step.tag or "", step.confirm))

    def _each(self, step: written.VmsOnly, press: Callable[[str], object]) -> None:
        for vm in step.vms:
            press(vm)

    def _run_until(self, step: written.RunUntil) -> None:
        self._runtime.sleep(max(0.0, self._scenario.start_s + step.at_s - self._runtime.now()))

    def _wait(self, step: written.Step) -> None:
        assert step.wait is not None
        condition, event = self._waits[id(step)], self._runtime.event()
        self._woken[id(step)] = event.set
        if not condition.arm() and not event.wait(step.wait.at_most_s):
            waited = f"waited {step.wait.at_most_s:g} s of virtual time for {condition.text()}"
            raise WaitedInVain(f"{waited}; got: {condition.got()}")
        self._watch.remove(condition)


def _answering(trust: bool) -> Callable[[Sequence[ShownCertificate]], bool]:
    """The user's answer to the certificate dialogue."""
    return lambda _shown: trust
