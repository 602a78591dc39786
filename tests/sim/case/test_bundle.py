"""The file format of cases: what is written, and what is refused before anything is used."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.case import bundle
from cxsim.sim.case.bundle import CaseError

MEMBERS = {
    "scenario/s.yaml": b"schema: 1\n",
    "log.jsonl": b"{}\n",
    "result.json": b"{}\n",
}
MANIFEST = {"scenario": "scenario/s.yaml", "cxsim": "0.1.0", "pins": {}}


def case_at(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "c.cxcase"
    path.write_bytes(data)
    return path


def rezipped(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The zip with other members."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(CaseError) as error:
        bundle.read(case_at(tmp_path, data))
    return str(error.value)


def test_the_same_members_give_the_same_bytes() -> None:
    shuffled = dict(reversed(list(MEMBERS.items())))
    assert bundle.write(MANIFEST, MEMBERS) == bundle.write(MANIFEST, shuffled)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    case = bundle.read(case_at(tmp_path, bundle.write(MANIFEST, MEMBERS)))
    assert case.members == MEMBERS
    assert case.manifest["scenario"] == "scenario/s.yaml"
    assert [one["path"] for one in case.manifest["files"]] == sorted(MEMBERS)


@pytest.mark.parametrize("name", ["log.jsonl", "scenario/s.yaml", "result.json"])
def test_a_changed_member_is_noticed(tmp_path: Path, name: str) -> None:
    data = rezipped(bundle.write(MANIFEST, MEMBERS), lambda m: m.update({name: m[name] + b" "}))
    assert refused(tmp_path, data).endswith(f"{name} was changed (its SHA-256 is not that of the manifest)")


def test_a_member_that_is_missing_or_added_is_noticed(tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        del members["log.jsonl"]
        members["extra.txt"] = b"x"

    said = refused(tmp_path, rezipped(bundle.write(MANIFEST, MEMBERS), change))
    assert "log.jsonl is missing" in said
    assert "extra.txt is not in its manifest" in said


@pytest.mark.parametrize(
    "name",
    [
        "../evil.yaml",
        "/etc/evil",
        "scenario/../../evil",
        "a\\..\\evil",
        "C:/evil",
        "a/./b",
        "a//b",
        "x" * 201,
        "a\nb",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    data = rezipped(bundle.write(MANIFEST, MEMBERS), lambda m: m.update({name: b"x"}))
    assert "member" in refused(tmp_path, data)


def test_a_link_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("scenario/s.yaml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "is no plain file" in refused(tmp_path, buffer.getvalue())


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("log.jsonl", b"a")
        archive.writestr("LOG.jsonl", b"b")
    assert "is there twice" in refused(tmp_path, buffer.getvalue())


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    data = rezipped(bundle.write(MANIFEST, MEMBERS), lambda m: m.update({f"f{i}": b"" for i in range(70)}))
    assert "members, at most 64" in refused(tmp_path, data)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("log.jsonl", "w") as member,
    ):
        for _ in range(140):
            member.write(bytes(2**20))
    assert "larger than 128 MiB" in refused(tmp_path, buffer.getvalue())


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    data = bytearray(rezipped(bundle.write(MANIFEST, MEMBERS), lambda m: m.update({"big.bin": bytes(1000)})))
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"big.bin"))
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    assert "case" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 but no", b"a: yaml\n", bytes(500)])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "is not a case" in refused(tmp_path, data)


@pytest.mark.parametrize("where", [0, 60, -40, -3])
def test_a_damaged_file_is_refused(tmp_path: Path, where: int) -> None:
    data = bytearray(bundle.write(MANIFEST, MEMBERS))
    data[where] ^= 0xFF
    assert refused(tmp_path, bytes(data))


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}", b'{"case_version": 1, "files": 3, "scenario": "s"}', b"\xff", b"[" * 5000]
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: bytes) -> None:
    data = rezipped(bundle.write(MANIFEST, MEMBERS), lambda m: m.update({"manifest.json": manifest}))
    assert "manifest.json is not that of a case" in refused(tmp_path, data)


def test_another_version_is_refused(tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps({**manifest, "case_version": 9}).encode()

    data = rezipped(bundle.write(MANIFEST, MEMBERS), change)
    assert "is a case of version 9, this cxsim reads version 1" in refused(tmp_path, data)


def test_nothing_is_written_outside_the_directory(tmp_path: Path) -> None:
    case = bundle.Case({}, {"../evil.txt": b"x"})
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(CaseError, match="outside"):
        bundle.extract(case, inside)
    assert not (tmp_path / "evil.txt").exists()
