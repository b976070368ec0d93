"""Encoders, graph and decoder: what is empty is no number's trouble, and what is fast equals what is plain."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batches import Contexts, batches, pad_slices
from model.c2crs import Encoded
from model.config import GenerateConfig, GeneratorConfig, ModelConfig
from model.data import NONE, Slices
from model.decode import say_likeliest
from model.encoders import SelfAttentivePooling, TextEncoder, mean_of_spans
from model.generator import Generator, Memory, Seen, response_loss, token_weights
from model.graph import Graph, GraphEncoder, make_graph
from model.perplexity import Surprise
from model.text import END, ITEM, NEVER_SAID, PAD, START, UNKNOWN

SIZES = ModelConfig(text_dim=8, graph_dim=6, layers=2, heads=2, feed_forward_dim=8, dropout=0.0, bases=3)


def a_graph(edges: list[tuple[int, int, int]], entities: int, relations: int) -> Graph:
    head, relation, tail = (torch.tensor(column) for column in zip(*edges, strict=True))
    return make_graph(entities, relations, head, relation, tail)


edge_lists = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=20)


@settings(max_examples=30, deadline=None)
@given(edges=edge_lists, wanted=st.sets(st.integers(0, 5), min_size=1))
def test_a_node_is_the_mean_of_its_neighbours_per_relation(edges: list[tuple[int, int, int]], wanted: set[int]) -> None:
    torch.manual_seed(0)
    distinct = sorted(set(edges))
    encoder = GraphEncoder(a_graph(distinct, 6, 3), SIZES)
    (layer,) = encoder.layers
    nodes = sorted(wanted)
    found = encoder(torch.tensor(nodes))
    for row, node in enumerate(nodes):
        expected = layer.root(encoder.embedding[node])  # type: ignore[operator]
        for relation in range(3):
            tails = [tail for head, other, tail in distinct if head == node and other == relation]
            weight = torch.einsum("b,bij->ij", layer.coefficients[relation], layer.bases)  # type: ignore[index]
            for tail in tails:
                expected = expected + encoder.embedding[tail] @ weight / len(tails)
        assert torch.allclose(found[row], expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(edges=edge_lists, wanted=st.sets(st.integers(0, 5), min_size=1))
def test_the_way_back_through_the_graph_is_that_of_finite_differences(
    edges: list[tuple[int, int, int]], wanted: set[int]
) -> None:
    torch.manual_seed(0)
    encoder = GraphEncoder(a_graph(sorted(set(edges)), 6, 3), SIZES.model_copy(update={"graph_layers": 2})).double()
    rows = torch.tensor(sorted(wanted))
    # Along random directions: the whole Jacobian of thirty examples takes a tenth of all tests' time.
    assert torch.autograd.gradcheck(lambda *_: encoder(rows), tuple(encoder.parameters()), fast_mode=True)


def test_two_layers_reach_two_hops() -> None:
    torch.manual_seed(0)
    encoder = GraphEncoder(a_graph([(0, 0, 1), (1, 0, 2)], 3, 1), SIZES.model_copy(update={"graph_layers": 2}))
    before = encoder(torch.tensor([0]))
    with torch.no_grad():
        encoder.embedding[2] += 1
    assert not torch.allclose(encoder(torch.tensor([0])), before)


def test_pooling_ignores_padding_and_an_empty_row_gives_zeros_without_harming_gradients() -> None:
    pooling = SelfAttentivePooling(4)
    vectors = torch.randn(2, 3, 4, requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    pooled = pooling(vectors, mask)
    assert torch.allclose(pooled[0], pooling(vectors[:1, :2], mask[:1, :2])[0])
    assert torch.equal(pooled[1], torch.zeros(4))
    torch.autograd.backward(pooled.sum())
    assert vectors.grad is not None
    assert bool(vectors.grad.isfinite().all())


def test_padding_does_not_change_an_encoded_text() -> None:
    encoder = TextEncoder(20, SIZES).eval()
    alone = encoder(torch.tensor([[5, 6, 7]]))
    padded = encoder(torch.tensor([[5, 6, 7, PAD, PAD], [PAD] * 5]))
    assert torch.allclose(padded[0, :3], alone[0], atol=1e-5)
    assert torch.equal(padded[1], torch.zeros(5, 8))


def test_the_mean_of_a_span_is_that_of_its_states_and_zero_when_empty() -> None:
    states = torch.randn(1, 6, 4)
    means = mean_of_spans(states, torch.tensor([[1, 3]]), torch.tensor([[4, 3]]))
    assert torch.allclose(means[0, 0], states[0, 1:4].mean(dim=0), atol=1e-6)
    assert torch.equal(means[0, 1], torch.zeros(4))


@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=10))
def test_padded_slices_hold_what_the_slices_hold(lengths: list[int]) -> None:
    end = torch.tensor(lengths).cumsum(0)
    slices = Slices(end - torch.tensor(lengths), end)
    flat = torch.arange(int(end[-1])) + 10
    padded = pad_slices(flat, slices, PAD)
    assert padded.shape[1] == max(1, *lengths)
    for row, (start, stop) in enumerate(zip(slices.start.tolist(), slices.end.tolist(), strict=True)):
        assert padded[row].tolist() == flat[start:stop].tolist() + [PAD] * (padded.shape[1] - (stop - start))


@given(
    lengths=st.lists(st.integers(0, 99), min_size=1, max_size=50),
    size=st.integers(1, 9),
    places=st.integers(1, 300),
    seed=st.integers(0, 9),
)
def test_an_epoch_goes_through_every_sample_once(lengths: list[int], size: int, places: int, seed: int) -> None:
    for generator in (None, torch.Generator().manual_seed(seed)):
        parts = list(batches(torch.tensor(lengths), size, places, generator))
        assert all(len(part) <= size for part in parts)
        assert all(len(part) * max(lengths[row] for row in part) <= places for part in parts if len(part) > 1)
        assert sorted(torch.cat(parts).tolist()) == list(range(len(lengths)))


def a_memory(contexts: int, copies: torch.Tensor) -> Memory:
    nothing = Seen(torch.randn(contexts, 2, 8), torch.zeros(contexts, 2, dtype=torch.bool))
    history = torch.randn(contexts, copies.shape[1], 8)
    return Memory((Seen(history, copies != PAD), nothing, nothing), copies, torch.randn_like(history))


def test_the_decoder_gives_a_distribution_and_never_says_a_special_token() -> None:
    torch.manual_seed(0)
    generator = Generator(12, SIZES).eval()
    copies = torch.tensor([[ITEM, 9, PAD], [PAD, PAD, PAD]])
    chances = generator(torch.tensor([[START, 8], [START, 8]]), a_memory(2, copies)).exp()
    assert torch.allclose(chances.sum(dim=-1), torch.ones(2, 2), atol=1e-4)
    assert chances[..., list(NEVER_SAID)].max().item() < 1e-6


def test_what_comes_later_does_not_change_what_was_said_before() -> None:
    torch.manual_seed(0)
    generator = Generator(12, SIZES).eval()
    memory = a_memory(1, torch.tensor([[ITEM, 9]]))
    one = generator(torch.tensor([[START, 8, 9]]), memory)
    other = generator(torch.tensor([[START, 8, 10]]), memory)
    assert torch.allclose(one[:, :2], other[:, :2], atol=1e-6)


def test_a_decoder_that_may_not_copy_says_what_its_vocabulary_says() -> None:
    torch.manual_seed(0)
    config = SIZES.model_copy(update={"generator": GeneratorConfig(views=("history",), copies=False)})
    generator = Generator(12, config).eval()
    memory = a_memory(1, torch.tensor([[ITEM, 9]]))
    alone = Memory(memory.views[:1], memory.copies, memory.copy_states)
    other = Memory(memory.views[:1], memory.copies.flip(1), torch.randn_like(memory.copy_states))
    said = torch.tensor([[START, 8]])
    assert torch.equal(generator(said, alone), generator(said, other))


def test_words_of_an_entity_can_be_copied_though_the_history_lacks_them() -> None:
    torch.manual_seed(0)
    generator = Generator(12, SIZES).eval()
    with torch.no_grad():
        generator.copy_gate.bias.fill_(100.0)
    encoded = Encoded(
        history=torch.randn(1, 1, 8),
        history_mask=torch.tensor([[True]]),
        nodes=torch.randn(1, 1, SIZES.graph_dim),
        node_mask=torch.tensor([[True]]),
        sentences=torch.zeros(1, 1, 8),
        sentence_mask=torch.tensor([[False]]),
    )
    one = torch.zeros(1, 1, dtype=torch.int64)
    words = torch.tensor([[[9, 10, PAD, PAD]]])
    contexts = Contexts(one + 8, one + PAD, one, one + NONE, one, words, one, one)
    chances = generator(torch.tensor([[START]]), generator.remember(encoded, contexts)).detach().exp()[0, 0]
    assert float(chances[[9, 10]].sum()) == pytest.approx(1.0, abs=1e-4)
    assert float(chances[[9, 10]].min()) == pytest.approx(0.5, abs=1e-4)


def test_a_context_without_anything_gives_finite_gradients() -> None:
    generator = Generator(12, SIZES)
    memory, end = a_memory(1, torch.tensor([[PAD]])), torch.tensor([[END]])
    loss = response_loss(generator.chances_of(end, torch.tensor([[START]]), memory), end, torch.ones(12))
    torch.autograd.backward(loss)
    gradients = [parameter.grad for parameter in generator.parameters() if parameter.grad is not None]
    assert gradients
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


def test_a_response_ends_once_and_stays_ended() -> None:
    torch.manual_seed(0)
    generator = Generator(12, SIZES).eval()
    with torch.no_grad():
        generator.bias[END] = 100.0
        generator.copy_gate.bias.fill_(-100.0)
    response = say_likeliest(generator, a_memory(2, torch.tensor([[9], [9]])), longest=5)
    assert response.tolist() == [[PAD], [PAD]]


def test_frequent_tokens_weigh_less_down_to_the_floor_and_the_end_weighs_their_mean() -> None:
    config = GenerateConfig(frequency_threshold=100, weight_floor=0.1)
    counts = torch.tensor([0, 99, 100, 10_000, 200, 10_000])
    mean = (100 * 1.0 + 200 * 0.5 + 10_000 * 0.1) / (100 + 200 + 10_000)
    assert (PAD, UNKNOWN, END) == (0, 1, 3)
    assert token_weights(counts, config).tolist() == pytest.approx([1.0, 1.0, 1.0, mean, 0.5, 0.1])


def test_the_end_weighs_one_where_nothing_is_said() -> None:
    assert token_weights(torch.zeros(6, dtype=torch.int64), GenerateConfig()).tolist() == [1.0] * 6


def test_the_response_loss_is_a_weighted_mean_over_tokens() -> None:
    chances = torch.tensor([[0.5, 0.25, 0.1]]).log()
    loss = response_loss(chances, torch.tensor([[7, END, PAD]]), torch.tensor([1.0] * 7 + [0.5]))
    assert float(loss) == pytest.approx(-(0.5 * math.log(0.5) + math.log(0.25)) / 2)


def test_a_word_that_is_not_known_is_not_asked_for() -> None:
    chances = torch.tensor([[0.25, 0.1]]).log()
    with_unknown = response_loss(chances, torch.tensor([[END, UNKNOWN]]), torch.ones(4))
    assert float(with_unknown) == pytest.approx(-math.log(0.25))


def test_a_perplexity_above_what_a_float_holds_is_infinite() -> None:
    assert (Surprise(6.0, 3) + Surprise(2.0, 1)).perplexity == pytest.approx(math.exp(2))
    assert Surprise(710.0, 1).perplexity == math.inf
    assert math.isnan(Surprise().perplexity)


@pytest.mark.parametrize("copies", [True, False])
def test_the_chance_of_what_is_wanted_is_that_of_the_whole_distribution(copies: bool) -> None:
    torch.manual_seed(0)
    generator = Generator(12, SIZES.model_copy(update={"generator": GeneratorConfig(copies=copies)})).eval()
    memory = a_memory(2, torch.tensor([[ITEM, 9, 10], [PAD, PAD, PAD]]))
    given = torch.tensor([[START, 9, ITEM, 8], [START, 7, UNKNOWN, 10]])
    wanted = torch.tensor([[9, ITEM, 8, END], [7, UNKNOWN, END, PAD]])
    whole = generator(given, memory).gather(2, wanted[..., None]).squeeze(2)
    asked = (wanted != PAD) & (wanted != UNKNOWN)
    found = generator.chances_of(wanted, given, memory)
    assert torch.allclose(found, torch.where(asked, whole, 0.0), atol=1e-5)
