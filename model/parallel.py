"""Several processes that learn one model together, each on its share of every batch; torchrun starts them.

Notable here:
- the losses of the processes add up to that of the whole batch, so gradients are added, and the weights become those
  that one process would learn;
- the contrastive losses take their negatives from the batches of all processes, and gradients flow back to the process
  that they came from;
- with one process, and wherever no gradient is asked for, nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

# The others wait while the first one packs, validates and measures.
_PATIENCE = timedelta(hours=12)


def start(device: torch.device) -> None:
    """Meet the other processes where torchrun has started several; `device` is the one that this process learns on."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        return
    if device.type == "cuda":
        # What NCCL does not know the device of would all go to the first GPU.
        torch.cuda.set_device(device)
        distributed.init_process_group("nccl", device_id=device, timeout=_PATIENCE)
    else:
        distributed.init_process_group("gloo", timeout=_PATIENCE)


def end() -> None:
    """Part from the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def processes() -> int:
    """Return how many there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def number() -> int:
    """Return the number of this one, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Tell whether this process is the one that prints and writes; before they have met, torchrun's number tells."""
    return int(os.environ.get("RANK", "0")) == 0


def local_number() -> int:
    """Return the number of this process on its machine, which is that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def local_processes() -> int:
    """Return how many there are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", local_number() + 1))


def share(every: Sequence[Tensor]) -> list[Tensor]:
    """Return this process's part of each batch; one too small for all to have a part of is left out."""
    return [rows[number() :: processes()] for rows in every if len(rows) >= processes()]


def part_of_sum(count: Tensor) -> Tensor:
    """Return which part of the sum over the processes `count` is, in (0, 1]."""
    if _alone():
        return torch.ones_like(count, dtype=torch.float32)
    whole = count.detach().clone().to(_device())
    distributed.all_reduce(whole)
    return count / whole.to(count.device).clamp(min=1)


def gathered(rows: Tensor) -> Tensor:
    """Return the rows of all processes, those of the first one first; [n, ...] each, n may differ."""
    if _alone():
        return rows
    if rows.is_floating_point():
        # torch gives this call no types.
        joined: Tensor = _Gathered.apply(rows)  # type: ignore[no-untyped-call]
        return joined
    return torch.cat(_from_all(rows))


def scaled(loss: Tensor) -> Tensor:
    """Return the process's part of a loss that all have computed from gathered rows."""
    return loss if _alone() else loss / processes()


def add_gradients(weights: Sequence[nn.Parameter]) -> None:
    """Put the sum over the processes in the place of each gradient; all go in one message."""
    if processes() == 1:
        return
    gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    parts = torch.split(together, [weight.numel() for weight in weights])
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = part.view_as(weight)


def totals(values: Tensor) -> list[float]:
    """Return the sums of `values` ([n]) over the processes."""
    box = values.detach().double()
    if processes() > 1:
        box = box.to(_device())
        distributed.all_reduce(box)
    found: list[float] = box.tolist()
    return found


def highest(value: float) -> float:
    """Return the highest value over the processes."""
    return _agreed(value, distributed.ReduceOp.MAX)


def from_first(value: float) -> float:
    """Return the first process's value."""
    return _agreed(value if is_first() else 0.0, distributed.ReduceOp.SUM)


def from_all(values: Tensor) -> list[Tensor]:
    """Return what each process has, on the CPU, the first one's first; [n, ...] each, n may differ."""
    if processes() == 1:
        return [values.cpu()]
    return [part.cpu() for part in _from_all(values.to(_device()))]


def wait() -> None:
    """Wait until all processes have come here."""
    if processes() > 1:
        distributed.barrier()


@contextmanager
def first_one_first() -> Iterator[None]:
    """Let the first process go through the block before the others, whether it fails there or not."""
    if not is_first():
        wait()
    try:
        yield
    finally:
        if is_first():
            wait()


class _Gathered(torch.autograd.Function):
    """The rows of all processes; each computes the same loss of them, of which it keeps a part (`scaled`)."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        """Join the rows."""
        parts = _from_all(rows)
        ctx.sizes = [len(part) for part in parts]
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the gradient of the whole loss for this process's rows."""
        return torch.split(gradients[0], ctx.sizes)[number()] * processes()


def _from_all(rows: Tensor) -> list[Tensor]:
    size = torch.tensor([len(rows)], device=rows.device)
    sizes = [torch.empty_like(size) for _ in range(processes())]
    distributed.all_gather(sizes, size)
    lengths = [int(each) for each in sizes]
    # Rows are sent as bytes where the way between processes knows no truth values.
    sent = rows.to(torch.uint8) if rows.dtype == torch.bool else rows
    padded = sent.new_zeros(max(lengths), *rows.shape[1:])
    padded[: len(rows)] = sent
    parts = [torch.empty_like(padded) for _ in lengths]
    distributed.all_gather(parts, padded)
    return [part[:length].to(rows.dtype) for part, length in zip(parts, lengths, strict=True)]


def _alone() -> bool:
    return processes() == 1 or not torch.is_grad_enabled()


def _device() -> torch.device:
    """Return where the processes exchange tensors: the device that this one learns on."""
    return torch.device("cuda", local_number()) if distributed.get_backend() == "nccl" else torch.device("cpu")


def _agreed(value: float, operation: Any) -> float:
    if processes() == 1:
        return value
    box = torch.tensor([value], dtype=torch.float64, device=_device())
    distributed.all_reduce(box, op=operation)
    return float(box)
