"""Pickles of builtin containers, strings and numbers, and of nothing else.

Notable here:
- a pickle from outside can run code, so one that names anything but a builtin container is refused before it is used;
- what is written needs no import to be read, so any reader as careful as this one takes it;
- protocol 4 is written, which Python 3.6, the version of the older code, still reads.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, NoReturn

from kgprep.errors import KgprepError

_PROTOCOL = 4
# Up to protocol 3, a set is written as a call of the builtin; all other containers have an opcode of their own.
_SAFE_GLOBALS = frozenset((module, name) for module in ("builtins", "__builtin__") for name in ("set", "frozenset"))
_BROKEN = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class _RefusedGlobal(Exception):
    """The pickle names something that is no builtin container."""


class _BuiltinsUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _SAFE_GLOBALS:
            raise _RefusedGlobal(f"{module_name}.{global_name}")
        return super().find_class(module_name, global_name)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise _RefusedGlobal("a reference to something outside it")


class _BuiltinsPickler(pickle.Pickler):
    def reducer_override(self, value: Any, /) -> NoReturn:
        """Refuse whatever has no opcode of its own."""
        raise ValueError(f"a {type(value).__module__}.{type(value).__qualname__} does not belong into a pickle")


def write_pickle(value: Any, path: Path) -> None:
    """Write `value` to `path`.

    Raises:
        ValueError: `value` holds something else than builtin containers, strings and numbers; that is a defect here.
    """
    with path.open("wb") as file:
        _BuiltinsPickler(file, _PROTOCOL).dump(value)


def parse_pickle(content: bytes, path: Path, instead: str = "get it from a source you trust") -> Any:
    """Return what the pickle `content` holds.

    Args:
        content: the bytes of a pickle.
        path: where they come from, for the error.
        instead: what the user is told to do where the pickle is refused.

    Raises:
        KgprepError: it is cut short, or names anything but a builtin container.
    """
    try:
        return _BuiltinsUnpickler(io.BytesIO(content)).load()
    except _RefusedGlobal as error:
        raise KgprepError(
            f"{path} was refused, for it holds {error} beside containers, strings and numbers: {instead}"
        ) from error
    except _BROKEN as error:
        raise KgprepError(f"{path} is not a whole pickle ({type(error).__name__}): fetch it again") from error
