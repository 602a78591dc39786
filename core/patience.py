"""Trying a command again when the connection failed.

Rules of this file: only calls that may be repeated come here (they find what they did before, or look
first). Waits are the Runtime's; jitter is from its randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import BadAnswer, Conflict, ConnectionTrouble, InputError, NotFound, UserError
from cxsim.core.runtime import Runtime

T = TypeVar("T")


def may_pass(error: UserError) -> bool:
    """True for trouble that may be gone next time: no connection, a cut answer, the server's own error."""
    if isinstance(error, ConnectionTrouble):
        return True
    return isinstance(error, BadAnswer) and (error.status is None or error.status >= 500)


def is_answer(error: UserError) -> bool:
    """True when the error is the other side's own word on what was asked, not trouble in asking it."""
    if isinstance(error, Conflict | NotFound | InputError):
        return True
    return isinstance(error, BadAnswer) and error.status is not None and error.status < 500


def until_answered(
    runtime: Runtime,
    config: ApplianceConfig,
    call: Callable[[], T],
    wanted: Callable[[], bool],
    complain: Callable[[UserError], None],
) -> T | None:
    """`call()`, repeated for as long as it is `wanted` and no answer is got; None when no longer wanted.
    For a command after which nobody may guess what came of it. Trouble goes to `complain`, once each. Raises
    the error that is an answer."""
    delay_s, complaint = config.command_delay_s, ""
    while wanted():
        try:
            return call()
        except UserError as error:
            if is_answer(error):
                raise
            if error.reason != complaint:
                complain(error)
            complaint = error.reason
        runtime.sleep(delay_s * (1 + 0.25 * runtime.rng.random()))
        delay_s = min(2 * delay_s, config.command_delay_most_s)
    return None


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
