"""Decoding: a cache changes nothing, beams find what an exhaustive search finds, draws keep to the likely tokens."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.config import GenerateConfig, ModelConfig
from model.decode import respond, say_best_beam, say_drawn, say_likeliest
from model.generator import Generator, Memory, Seen
from model.text import END, ITEM, NEVER_SAID, PAD, START

SIZES = ModelConfig(text_dim=8, graph_dim=6, layers=2, heads=2, feed_forward_dim=8, dropout=0.1, bases=3)
WORDS = 12


def a_generator(seed: int) -> Generator:
    torch.manual_seed(seed)
    generator = Generator(WORDS, SIZES).eval()
    with torch.no_grad():
        generator.bias.normal_(std=2.0)
        generator.token_weights.uniform_(0.02, 1.0)
    return generator


def calibrated(chances: torch.Tensor, generator: Generator, calibration: float) -> torch.Tensor:
    """Log chances from which a power of the tokens' weights is divided out."""
    odds = chances.detach().exp() / generator.token_weights**calibration
    return (odds / odds.sum(dim=-1, keepdim=True)).log()


def a_memory(contexts: int) -> Memory:
    copies = torch.tensor([ITEM, *range(max(NEVER_SAID) + 1, WORDS)])[torch.randint(0, 5, (contexts, 3))]
    copies[0, 1:] = PAD
    mask = torch.rand(contexts, 2) < 0.5
    entities, reviews = (Seen(torch.randn(contexts, 2, 8), some) for some in (mask, mask.flip(0)))
    history = torch.randn(contexts, 3, 8)
    return Memory((Seen(history, copies != PAD), entities, reviews), copies, torch.randn_like(history))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.lists(st.integers(END, WORDS - 1), min_size=1, max_size=6), st.integers(0, 5))
def test_a_response_said_in_pieces_has_the_chances_of_the_whole(seed: int, tokens: list[int], cut: int) -> None:
    generator = a_generator(seed)
    memory = a_memory(2)
    said = torch.tensor([[START, *tokens]] * 2)
    whole = generator(said, memory)
    first, saying = generator.say(said[:, : cut + 1], generator.begin(memory))
    pieces = [first]
    for token in said[:, cut + 1 :].T:
        chances, saying = generator.say(token[:, None], saying)
        pieces.append(chances)
    assert torch.allclose(torch.cat(pieces, dim=1), whole, atol=1e-5)


def scores(generator: Generator, memory: Memory, row: int, responses: torch.Tensor, calibration: float) -> torch.Tensor:
    """Return the mean log chance of each response, all of one length, in the context of a row."""
    given = torch.cat([torch.full((len(responses), 1), START), responses[:, :-1]], dim=1)
    chances = generator(given, memory.at(torch.full((len(responses),), row)))
    return calibrated(chances, generator, calibration).gather(2, responses[..., None]).mean(dim=(1, 2))


# In each of these one beam misses the best response of a context.
@pytest.mark.parametrize(("seed", "calibration"), [(0, 1.0), (2, 0.5), (6, 0.0), (6, 1.0), (9, 0.5), (13, 0.0)])
def test_enough_beams_find_the_best_of_all_responses(seed: int, calibration: float) -> None:
    generator = a_generator(seed)
    memory = a_memory(2)
    longest = 3
    words = [token for token in range(WORDS) if token not in (*NEVER_SAID, END)]
    ended = [[(*said, END) for said in itertools.product(words, repeat=length)] for length in range(longest)]
    every = [torch.tensor(of_length) for of_length in (*ended, list(itertools.product(words, repeat=longest)))]
    found = say_best_beam(generator, memory, longest, beams=len(words) ** 2, calibration=calibration)
    assert not torch.equal(say_best_beam(generator, memory, longest, 1, calibration), found)
    for row in range(2):
        scored = [(scores(generator, memory, row, of_length, calibration), of_length) for of_length in every]
        _, best = max((float(score.max()), of_length[score.argmax()].tolist()) for score, of_length in scored)
        expected = [token for token in best if token != END]
        assert found[row].tolist() == expected + [PAD] * (longest - len(expected))


@pytest.mark.parametrize(("seed", "calibration"), [(0, 0.0), (1, 0.5), (2, 1.0)])
def test_the_likeliest_tokens_are_those_of_the_full_pass(seed: int, calibration: float) -> None:
    generator = a_generator(seed)
    memory = a_memory(3)
    response = say_likeliest(generator, memory, longest=5, calibration=calibration)
    for row in range(3):
        said = [START]
        for _ in range(5):
            chances = generator(torch.tensor([said]), memory.at(torch.tensor([row])))[0, -1]
            following = int(calibrated(chances, generator, calibration).argmax())
            if following == END:
                break
            said.append(following)
        assert [token for token in response[row].tolist() if token != PAD] == said[1:]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("calibration", [0.0, 1.0])
def test_draws_keep_to_the_likely_tokens_and_to_the_seed(calibration: float) -> None:
    generator = a_generator(1)
    memory = a_memory(3)
    rows = torch.arange(3).repeat_interleave(100)
    drawn = say_drawn(generator, memory.at(rows), 1, 0.5, seeded(0), calibration)
    assert torch.equal(drawn, say_drawn(generator, memory.at(rows), 1, 0.5, seeded(0), calibration))
    chances = calibrated(generator(torch.full((3, 1), START), memory)[:, -1], generator, calibration).exp()
    for row in range(3):
        order = chances[row].argsort(descending=True).tolist()
        needed = int((chances[row][order].cumsum(0) < 0.5).sum()) + 1
        likely = {PAD if token == END else token for token in order[:needed]}
        assert set(drawn[rows == row, 0].tolist()) <= likely
    likeliest = say_likeliest(generator, memory, 4, calibration)
    assert torch.equal(say_drawn(generator, memory, 4, 1e-9, seeded(3), calibration), likeliest)


def test_one_batch_is_not_drawn_as_the_one_before() -> None:
    generator, memory = a_generator(1), a_memory(3).at(torch.arange(3).repeat_interleave(100))
    draws = seeded(0)
    first, second = (say_drawn(generator, memory, 1, 1.0, draws) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("decoding", ["greedy", "beam", "nucleus"])
def test_the_config_says_how_responses_are_decoded(decoding: str) -> None:
    generator = a_generator(2)
    memory = a_memory(2)
    config = GenerateConfig.model_validate({"decoding": decoding, "beams": 3, "nucleus": 0.8, "calibration": 0.7})
    expected = {
        "greedy": say_likeliest(generator, memory, 4, 0.7),
        "beam": say_best_beam(generator, memory, 4, 3, 0.7),
        "nucleus": say_drawn(generator, memory, 4, 0.8, seeded(5), 0.7),
    }
    assert torch.equal(respond(generator, memory, 4, config, seeded(5)), expected[decoding])
