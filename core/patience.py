"""Trying a command again when the connection failed.

Rules of this file: only calls that may be repeated come here (they find what they did before, or look
first). Waits are the Runtime's; jitter is from its randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import BadAnswer, ConnectionTrouble, UserError
from cxsim.core.runtime import Runtime

T = TypeVar("T")


def may_pass(error: UserError) -> bool:
    """True for trouble that may be gone next time: no connection, a cut answer, the server's own error."""
    if isinstance(error, ConnectionTrouble):
        return True
    return isinstance(error, BadAnswer) and (error.status is None or error.status >= 500)


def patiently(runtime: Runtime, config: ApplianceConfig, call: Callable[[], T]) -> T:
    """`call()`, repeated `command_tries` times at most, with doubling delays. Raises the last error."""
    delay_s = config.command_delay_s
    for tries_left in range(config.command_tries - 1, -1, -1):
        try:
            return call()
        except UserError as error:
            if not tries_left or not may_pass(error):
                raise
        runtime.sleep(delay_s * (1 + 0.25 * runtime.rng.random()))
        delay_s *= 2
    raise AssertionError("command_tries must be at least 1")
