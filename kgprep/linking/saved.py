"""The linker's tables and automaton beside the bundle they were made of, so that the next linker starts at once.

Notable here:
- what is saved is known by a fingerprint of all it was made of: the graph's tables, the code and the word lists;
- every file is checked against its sum before it is used, since a damaged automaton could do anything;
- files are renamed into place when all are written, the list of their sums last, so that two writers or a kill do no
  harm.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import polars as pl
from daachorse import CharwiseDoubleArrayAhoCorasick

from kgprep.artifacts import ALIASES, ENTITIES
from kgprep.linking.forms import FormTables
from kgprep.linking.gazetteer import Gazetteer

_FOLDER = ".linker"
_SUMS = "sums.json"
_AUTOMATON = "automaton"
_TABLES = ("forms", "candidates", "shortened")
_MADE_BY = ("commonness", "folding", "forms", "gazetteer", "genres", "misspelt", "nationalities", "units")
_MADE_WITH = ("daachorse", "jieba", "opencc", "wordfreq")


def fingerprint(workspace: Path) -> str:
    """Return a sum of all that the tables and the automaton are made of."""
    here = Path(__file__).parent
    files = [ENTITIES.path(workspace), ALIASES.path(workspace), *(here / f"{module}.py" for module in _MADE_BY)]
    parts = [_sum(path.read_bytes()) for path in files] + [version(package) for package in _MADE_WITH]
    return _sum("\n".join(parts).encode())


def load_tables(workspace: Path, made_of: str) -> tuple[FormTables, Gazetteer] | None:
    """Load what was saved; None where nothing is, or what is was made of something else or is damaged.

    Args:
        workspace: folder of the bundle.
        made_of: its `fingerprint`.
    """
    folder = workspace / _FOLDER
    try:
        saved = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        contents = {name: (folder / name).read_bytes() for name in (_AUTOMATON, *_TABLES)}
    except (OSError, ValueError):
        return None
    if saved != {"made_of": made_of, **{name: _sum(content) for name, content in contents.items()}}:
        return None
    tables = FormTables(*(pl.read_parquet(contents[name], glob=False) for name in _TABLES))
    automaton = CharwiseDoubleArrayAhoCorasick.deserialize(contents[_AUTOMATON])
    return tables, Gazetteer(tables.forms["form"], automaton)


def save_tables(workspace: Path, made_of: str, tables: FormTables, gazetteer: Gazetteer) -> None:
    """Save tables and automaton; a workspace that cannot be written to is left as it is."""
    folder = workspace / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
        # Each writer has a folder of its own, so that none sees what another has half written.
        with tempfile.TemporaryDirectory(prefix="writing-", dir=folder) as made:
            names = _write(Path(made), made_of, tables, gazetteer)
            for name in names:
                (Path(made) / name).replace(folder / name)
    except OSError:
        # It would only have been faster the next time.
        return


def _write(folder: Path, made_of: str, tables: FormTables, gazetteer: Gazetteer) -> list[str]:
    """Write all files; return their names, that of the sums last."""
    sums = {"made_of": made_of}
    for name, content in _contents(tables, gazetteer):
        (folder / name).write_bytes(content)
        sums[name] = _sum(content)
    (folder / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
    return [*_TABLES, _AUTOMATON, _SUMS]


def _contents(tables: FormTables, gazetteer: Gazetteer) -> Iterator[tuple[str, bytes]]:
    for name in _TABLES:
        written = io.BytesIO()
        getattr(tables, name).write_parquet(written)
        yield name, written.getvalue()
    yield _AUTOMATON, gazetteer.automaton.serialize()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
