"""Faults with the words that vCenter uses for them.

Rules of this file: one function per fault that several operations raise; the message is VMware's own.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl


def _with(fault: Any, message: str) -> Exception:
    fault.msg = message
    return fault  # type: ignore[no-any-return]


def reference(managed: Any) -> Any:
    """A managed object of ours as pyVmomi's fault classes take it."""
    return managed.vim_type(managed.moid, None)


def invalid_argument(name: str) -> Exception:
    """A parameter, or a field of one, has a value that makes no sense."""
    return _with(
        vmodl.fault.InvalidArgument(invalidProperty=name), f"A specified parameter was not correct: {name}"
    )


def not_supported() -> Exception:
    """The object exists but cannot do this."""
    return _with(vmodl.fault.NotSupported(), "The operation is not supported on the object.")


def invalid_power_state(requested: str | None, existing: str) -> Exception:
    """The power state does not allow the operation; states in vim's words (`poweredOn`)."""
    shown = {"poweredOn": "Powered on", "poweredOff": "Powered off", "suspended": "Suspended"}[existing]
    return _with(
        vim.fault.InvalidPowerState(requestedState=requested, existingState=existing),
        f"The attempted operation cannot be performed in the current state ({shown}).",
    )


def duplicate_name(name: str, existing: Any) -> Exception:
    """The name is taken in the same folder."""
    return _with(
        vim.fault.DuplicateName(name=name, object=reference(existing)), f"The name '{name}' already exists."
    )


def invalid_name(name: str, managed: Any) -> Exception:
    """The name is empty or too long."""
    return _with(
        vim.fault.InvalidName(name=name, entity=reference(managed)), f"The name '{name}' is not valid."
    )


def tools_unavailable() -> Exception:
    """An operation that VMware Tools in the guest would do, and they do not run."""
    return _with(
        vim.fault.ToolsUnavailable(),
        "Cannot complete operation because VMware Tools is not running in this virtual machine.",
    )


def invalid_datastore_path(path: str) -> Exception:
    """Not of the form `[datastore] folder/file`."""
    return _with(
        vim.fault.InvalidDatastorePath(datastorePath=path, name=path), f"Invalid datastore path '{path}'."
    )


def file_not_found(path: str) -> Exception:
    """No such file on the datastore."""
    return _with(vim.fault.FileNotFound(file=path), f"File {path} was not found")


def already_exists(name: str) -> Exception:
    """Such an object is registered already."""
    return _with(
        vim.fault.AlreadyExists(name=name),
        f"The specified key, name, or identifier '{name}' already exists.",
    )


def cancelled() -> Exception:
    """A waiting call was cancelled."""
    return _with(vmodl.fault.RequestCanceled(), "The task was canceled by a user.")
