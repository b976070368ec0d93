"""Saying responses: the likeliest token again and again, the best of several beams, or a draw from the likely tokens.

Notable here:
- all contexts are decoded together, and keys and values are kept from token to token;
- a beam's score is the mean log probability of its tokens, so a longer response is not punished for its length;
- a draw takes the fewest tokens that share a given chance; who draws for many batches goes on with one generator, for
  a seed anew would give each batch the same draws;
- a decoder that has learnt with token weights says frequent tokens, item slots first of all, too seldom; dividing the
  weights out of its chances takes that back (post-hoc logit adjustment: Menon et al. 2021, "Long-tail learning via
  logit adjustment").
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from model.config import GenerateConfig
from model.generator import Generator, Memory, Saying
from model.text import END, PAD, START


@torch.no_grad()
def respond(
    generator: Generator, memory: Memory, longest: int, config: GenerateConfig, draws: torch.Generator
) -> Tensor:
    """Return responses to n contexts, decoded as `config` says: int64 [n, T], PAD after the end.

    Args:
        generator: the decoder.
        memory: of n contexts.
        longest: most tokens of a response.
        config: of the decoding.
        draws: random numbers, on the decoder's device.
    """
    if config.decoding == "beam":
        return say_best_beam(generator, memory, longest, config.beams, config.calibration)
    if config.decoding == "nucleus":
        return say_drawn(generator, memory, longest, config.nucleus, draws, config.calibration)
    return say_likeliest(generator, memory, longest, config.calibration)


def say_likeliest(generator: Generator, memory: Memory, longest: int, calibration: float = 0.0) -> Tensor:
    """Say the likeliest token again and again.

    Args:
        generator: the decoder.
        memory: of n contexts.
        longest: most tokens of a response.
        calibration: power of the tokens' weights that is divided out.

    Returns:
        int64 [n, T], PAD after the end.
    """
    return _one_by_one(generator, memory, longest, calibration, lambda chances: chances.argmax(dim=-1))


def say_drawn(
    generator: Generator, memory: Memory, longest: int, share: float, draws: torch.Generator, calibration: float = 0.0
) -> Tensor:
    """Draw each token from the likeliest ones that together have the chance `share` (nucleus sampling).

    Args:
        generator: the decoder.
        memory: of n contexts.
        longest: most tokens of a response.
        share: in (0, 1].
        draws: random numbers, on the decoder's device.
        calibration: power of the tokens' weights that is divided out.

    Returns:
        int64 [n, T], PAD after the end.

    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1.
    """
    return _one_by_one(generator, memory, longest, calibration, lambda chances: _draw(chances, share, draws))


def _one_by_one(
    generator: Generator, memory: Memory, longest: int, calibration: float, choose: Callable[[Tensor], Tensor]
) -> Tensor:
    """Say one token after the other, each chosen from log chances [n, words]."""
    saying = generator.begin(memory)
    following = torch.full((len(memory),), START, device=memory.copies.device)
    ended = torch.zeros_like(following, dtype=torch.bool)
    said = []
    for _ in range(longest):
        chances, saying = _say(generator, following, saying, calibration)
        following = torch.where(ended, PAD, choose(chances))
        ended = ended | (following == END)
        said.append(torch.where(ended, PAD, following))
        if bool(ended.all()):
            break
    return torch.stack(said, dim=1)


def _say(generator: Generator, last: Tensor, saying: Saying, calibration: float) -> tuple[Tensor, Saying]:
    """Return the log chances [n, words] of what follows the last token said, and the responses with it."""
    chances, saying = generator.say(last[:, None], saying)
    return torch.log_softmax(chances[:, -1] - calibration * generator.token_weights.log(), dim=-1), saying


def _draw(log_chances: Tensor, share: float, draws: torch.Generator) -> Tensor:
    chances, tokens = torch.softmax(log_chances, dim=-1).sort(dim=-1, descending=True)
    before = chances.cumsum(dim=-1) - chances
    kept = chances.masked_fill(before >= share, 0.0)
    return tokens.gather(1, torch.multinomial(kept, 1, generator=draws)).squeeze(1)


def say_best_beam(generator: Generator, memory: Memory, longest: int, beams: int, calibration: float = 0.0) -> Tensor:
    """Return the response of the highest mean log probability that a beam search finds.

    Args:
        generator: the decoder.
        memory: of n contexts.
        longest: most tokens of a response, its end included; one without an end is cut there.
        beams: responses that are followed at a time.
        calibration: power of the tokens' weights that is divided out.

    Returns:
        int64 [n, T], PAD after the end.
    """
    contexts, device = len(memory), memory.copies.device
    row = torch.arange(contexts, device=device)
    saying = generator.begin(memory).at(row.repeat_interleave(beams))
    said = torch.full((contexts, beams, 0), PAD, device=device)
    following = torch.full((contexts * beams,), START, device=device)
    # All beams begin alike: only the first may branch.
    total = torch.full((contexts, beams), -torch.inf, device=device)
    total[:, 0] = 0.0
    best = torch.full((contexts,), -torch.inf, device=device)
    response = torch.full((contexts, longest), PAD, device=device)
    for length in range(1, longest + 1):
        chances, saying = _say(generator, following, saying, calibration)
        every = total[..., None] + chances.view(contexts, beams, -1)
        response, best = _keep_better(response, best, said, every[..., END] / length)
        every[..., END] = -torch.inf
        total, place = every.flatten(1).topk(beams, dim=1)
        beam, token = place // every.shape[-1], place % every.shape[-1]
        said = torch.cat([said.gather(1, beam[..., None].expand(-1, -1, length - 1)), token[..., None]], dim=2)
        saying = saying.at((row[:, None] * beams + beam).flatten())
        following = token.flatten()
    response, _ = _keep_better(response, best, said, total / longest)
    return response


def _keep_better(response: Tensor, best: Tensor, said: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best response so far [n, longest] and its score [n], given what the beams [n, beams, T] said."""
    score, beam = scores.max(dim=1)
    ended = said[torch.arange(len(said), device=said.device), beam]
    padded = torch.nn.functional.pad(ended, (0, response.shape[1] - ended.shape[1]), value=PAD)
    is_better = score > best
    return torch.where(is_better[:, None], padded, response), torch.where(is_better, score, best)
