"""A device that is not there: tensors that say they are elsewhere, and an error where an operation mixes two devices.

What is meant for a GPU fails at the first tensor that was left on the CPU, which no test on a CPU alone would notice.
Here the operations still run on the CPU, under the rules that CUDA has: all tensors of an operation are on one device,
but for copies, single numbers, and what something is indexed by. PyTorch lends the name of its device without data.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

ELSEWHERE = torch.device("meta")
_COPIES = {"_to_copy", "copy_"}
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}


class _There(torch.Tensor):
    """A tensor that says it is elsewhere."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> _There:
        """Make it look like `inner`, but for the device."""
        made: _There = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=ELSEWHERE
        )
        return made

    def __init__(self, inner: torch.Tensor) -> None:
        self.held = inner

    def tolist(self) -> Any:
        """Return the values: torch brings them from a GPU by itself."""
        return self.held.tolist()

    def numpy(self, *_: Any, **__: Any) -> Any:
        """Refuse, as torch does for a GPU."""
        raise TypeError("a tensor that is elsewhere has to come to the CPU before numpy reads it")

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Leave all to the mode: what comes out is not made one of these because something that went in was one."""
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func: Any, *_: Any) -> Any:
        """Refuse what runs outside of the mode."""
        raise RuntimeError(f"{func} runs outside of OneDevice")


# torch writes its modes without types, so the strict checker takes subclassing and making one for untyped calls.
class OneDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it holds, `ELSEWHERE` is a device, and an operation on tensors of two devices is an error."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation on the CPU, and say where its results are."""
        kwargs = dict(kwargs or {})
        name = func.overloadpacket.__name__
        if name == "_fused_sdp_choice":
            # Attention by plain products: the fused kernels know their devices by name.
            return 0
        tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, torch.Tensor)]
        there = [tensor for tensor in tensors if isinstance(tensor, _There)]
        here = [tensor for tensor in tensors if not isinstance(tensor, _There) and tensor.dim()]
        if there and here and name not in _COPIES and not _only_indexed_by(name, args, here):
            raise RuntimeError(f"{func} has tensors on two devices: here {[tuple(tensor.shape) for tensor in here]}")
        to = kwargs.get("device")
        if to is not None:
            kwargs["device"] = torch.device("cpu")
        found = func(*tree_map(_inner, args), **tree_map(_inner, kwargs))
        written = [
            value
            for value, argument in zip(args, func._schema.arguments, strict=False)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        if written and len(func._schema.returns) == 1:
            return written[0]
        is_there = bool(there) if to is None else torch.device(to) == ELSEWHERE
        return tree_map(lambda value: _There(value) if is_there and isinstance(value, torch.Tensor) else value, found)


def _only_indexed_by(name: str, args: Any, here: list[torch.Tensor]) -> bool:
    """Tell whether what is on the CPU only says which rows are meant."""
    return name in _INDEXING and all(any(tensor is index for index in args[1]) for tensor in here)


def _inner(value: Any) -> Any:
    return value.held if isinstance(value, _There) else value
