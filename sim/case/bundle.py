"""The file format of a case: a zip with a manifest that lists every member with its SHA-256.

Rules of this file: the same members give the same bytes (fixed dates, fixed order). Reading trusts nothing:
names, sizes, counts and hashes are checked before a member is used, and nothing outside the given directory
is ever written.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

CASE_VERSION = 1
SUFFIX = ".cxcase"
MANIFEST = "manifest.json"
LOG, RESULT, SCENARIOS = "log.jsonl", "result.json", "scenario"
MOST_MEMBERS = 64
MOST_BYTES = 256 * 2**20
MOST_MEMBER_BYTES = 128 * 2**20
MOST_FILE_BYTES = 64 * 2**20
EPOCH = (1980, 1, 1, 0, 0, 0)
CHUNK = 2**16


class CaseError(Exception):
    """A case that cannot be made or used; one line a reason."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Case:
    """A case as read. `members` holds every file but the manifest."""

    manifest: Mapping[str, Any]
    members: Mapping[str, bytes]


def write(manifest: Mapping[str, Any], members: Mapping[str, bytes]) -> bytes:
    """The bytes of a case."""
    listed = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in sorted(members.items())
    ]
    whole = {"case_version": CASE_VERSION, **manifest, "files": listed}
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, data in ((MANIFEST, text.encode()), *sorted(members.items())):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return buffer.getvalue()


BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    struct.error,
)
"""What a zip that is none, or is damaged, can raise."""


def read(path: Path) -> Case:
    """A case, checked. Raises CaseError."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise CaseError(f"{path}: is larger than {MOST_FILE_BYTES // 2**20} MiB")
        raw = path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from None
    return _verified(unzipped(raw, str(path)), str(path))


def unzipped(raw: bytes, path: str) -> dict[str, bytes]:
    """Every member of a zip, names and sizes checked. Raises CaseError."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _check_names(archive, path)
            return {entry.filename: _data(archive, entry, path) for entry in archive.infolist()}
    except BROKEN as error:
        raise CaseError(f"{path}: is not a case ({error or type(error).__name__})") from None


def _check_names(archive: zipfile.ZipFile, path: str) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise CaseError(f"{path}: has {len(entries)} members, at most {MOST_MEMBERS} are allowed")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise CaseError(f"{path}: unpacks to more than {MOST_BYTES // 2**20} MiB")
    reasons = []
    seen: set[str] = set()
    for entry in entries:
        why = _bad_name(entry)
        if why is None and entry.filename.casefold() in seen:
            why = "is there twice"
        if why is not None:
            reasons.append(f"{path}: member {entry.filename!r} {why}")
        seen.add(entry.filename.casefold())
    if reasons:
        raise CaseError(*reasons)


def _bad_name(entry: zipfile.ZipInfo) -> str | None:
    name, mode = entry.filename, entry.external_attr >> 16
    pure = PurePosixPath(name)
    if "\\" in name or ":" in name or any(ord(c) < 32 for c in name) or not name.isprintable():
        return "has a name that is not allowed"
    if pure.is_absolute() or ".." in pure.parts or str(pure) != name or len(name) > 200:
        return "would be written outside the case"
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return "is no plain file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.file_size > MOST_MEMBER_BYTES:
        return f"is larger than {MOST_MEMBER_BYTES // 2**20} MiB"
    return None


def _data(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> bytes:
    """A member's bytes; never more than it says it has."""
    parts: list[bytes] = []
    left = entry.file_size + 1
    with archive.open(entry) as stream:
        while left > 0:
            part = stream.read(min(CHUNK, left))
            if not part:
                break
            parts.append(part)
            left -= len(part)
    data = b"".join(parts)
    if len(data) != entry.file_size:
        raise CaseError(f"{path}: member {entry.filename!r} is not as long as it says")
    return data


def _verified(members: dict[str, bytes], path: str) -> Case:
    """Check the members against the manifest."""
    raw = members.pop(MANIFEST, None)
    if raw is None:
        raise CaseError(f"{path}: is not a case (it has no {MANIFEST})")
    try:
        manifest = json.loads(raw)
        version = manifest["case_version"]
        listed = {str(one["path"]): str(one["sha256"]) for one in manifest["files"]}
        scenario = str(manifest["scenario"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CaseError(f"{path}: {MANIFEST} is not that of a case") from None
    if version != CASE_VERSION:
        raise CaseError(f"{path}: is a case of version {version}, this cxsim reads version {CASE_VERSION}")
    reasons = [f"{path}: {name} is missing" for name in listed if name not in members]
    reasons += [f"{path}: {name} is not in its manifest" for name in members if name not in listed]
    reasons += [
        f"{path}: {name} was changed (its SHA-256 is not that of the manifest)"
        for name, data in members.items()
        if name in listed and hashlib.sha256(data).hexdigest() != listed[name]
    ]
    needed = (LOG, RESULT, scenario)
    reasons += [f"{path}: has no {name}" for name in needed if name not in members and name not in listed]
    if reasons:
        raise CaseError(*reasons)
    return Case(manifest, members)


def extract(case: Case, directory: Path) -> None:
    """Write every member below a directory. Raises CaseError, and OSError when that cannot be written."""
    root = directory.resolve()
    for name, data in case.members.items():
        target = (root / name).resolve()
        if not target.is_relative_to(root):
            raise CaseError(f"{name!r} would be written outside the case")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
