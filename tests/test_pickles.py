from __future__ import annotations

import collections
import pickle
import pickletools
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.artifacts import KgprepError
from kgprep.pickles import parse_pickle, write_pickle

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.integers() | st.text()
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner, inner) | st.sets(KEYS),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back_here_and_by_pickle_itself(tmp_path_factory: Any, value: Any) -> None:
    path = tmp_path_factory.mktemp("pickles") / "value.pkl"
    write_pickle(value, path)
    assert parse_pickle(path.read_bytes(), path) == value
    assert pickle.loads(path.read_bytes()) == value
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(path.read_bytes())}
    assert not opcodes & {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "REDUCE", "BUILD", "PERSID", "BINPERSID"}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    value = {"a": [1, 2.5, (None, True)], 3: {4, 5}, "它": frozenset({"x"}), "long": 2**80}
    assert parse_pickle(pickle.dumps(value, protocol), tmp_path / "value.pkl") == value


class Attack:
    """Calls something when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "run"
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps([1, Attack(marker)], protocol))
    with pytest.raises(KgprepError, match=r"bad\.pkl was refused, for it holds .*: convert it"):
        parse_pickle((tmp_path / "bad.pkl").read_bytes(), tmp_path / "bad.pkl", instead="convert it")
    assert not marker.exists()


@pytest.mark.parametrize(
    "value",
    [
        collections.defaultdict(list),
        collections.OrderedDict(a=1),
        np.int64(3),
        np.zeros(2),
        getattr,
        int,
        socket.AF_INET,
        Path("x"),
        1j,
    ],
    ids=lambda value: f"{type(value).__name__} {value!r}"[:40],
)
def test_nothing_but_builtin_containers_strings_and_numbers_passes(tmp_path: Path, value: Any) -> None:
    with pytest.raises(KgprepError, match="was refused"):
        parse_pickle(pickle.dumps({"deep": [value]}), tmp_path / "bad.pkl")
    with pytest.raises(ValueError, match="does not belong into a pickle"):
        write_pickle({"deep": [value]}, tmp_path / "own.pkl")


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"\x80\x04]\x94(K\x01", b"Pname\n.", b"\x80\x7f."])
def test_what_is_no_whole_pickle_is_said(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KgprepError, match=r"bad\.pkl (is not a whole pickle|was refused)"):
        parse_pickle(content, tmp_path / "bad.pkl")
