"""Saving and loading: only a state of the same product, and damage changes nothing."""

from __future__ import annotations

import json

import pytest

from cxsim.emulator.state import StateError, read_state, write_state


def test_a_saved_model_is_the_same_after_loading(model, tmp_path) -> None:
    model.value = "changed"
    write_state(model, tmp_path / "s.json")
    model.reset()
    read_state(model, tmp_path / "s.json")
    assert model.value == "changed"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "cannot be read"),
        (json.dumps([1]), "not a saved state of version 1"),
        (json.dumps({"state_version": 99}), "not a saved state of version 1"),
        (json.dumps({"state_version": 1, "product": "vCenter"}), "saved by 'vCenter', not by 'Echo'"),
        (json.dumps({"state_version": 1, "product": "Echo", "model": {}}), "damaged"),
    ],
)
def test_another_file_is_refused_and_changes_nothing(model, tmp_path, content, says) -> None:
    model.value = "mine"
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(StateError, match=says):
        read_state(model, tmp_path / "s.json")
    assert model.value == "mine"


def test_a_missing_file_is_said_to_be_missing(model, tmp_path) -> None:
    with pytest.raises(StateError, match="No such file"):
        read_state(model, tmp_path / "absent.json")
