"""The text families: arithmetic, learning, scores and export, mostly without their real data."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.measurement import text_categories, text_characters, text_numbers
from engine.measurement.datasets import OTHER_WORD, PADDING, TextData
from engine.measurement.execution import one_thread
from engine.measurement.families import FAMILIES
from engine.measurement.families.base import ACTIVATIONS, Recipe, Split
from engine.measurement.families.transformer import head_count
from engine.measurement.optimisers import optimiser_of
from engine.measurement.texts import TEXT_WORD_COUNT, WORDNET_FOLDER
from engine.measurement.training import train

NAMES = ("text-bag", "text-encoder", "text-decoder", "text-translation")
OUTPUT = {
    "text-bag": (text_categories.CLASS_COUNT,),
    "text-encoder": (text_categories.CLASS_COUNT,),
    "text-decoder": (text_characters.CONTEXT_SIZE, len(text_characters.ALPHABET)),
    "text-translation": (text_numbers.TARGET_SIZE - 1, text_numbers.TARGET_VOCABULARY_SIZE),
}
VOCABULARIES = {
    "text-bag": ((TEXT_WORD_COUNT, text_categories.VOCABULARY_SIZE),),
    "text-encoder": ((TEXT_WORD_COUNT, text_categories.VOCABULARY_SIZE),),
    "text-decoder": ((text_characters.CONTEXT_SIZE, len(text_characters.ALPHABET)),),
    "text-translation": (
        (text_numbers.SOURCE_SIZE, text_numbers.SOURCE_VOCABULARY_SIZE),
        (text_numbers.TARGET_SIZE - 1, text_numbers.TARGET_VOCABULARY_SIZE),
    ),
}
LINES = {
    f"{WORDNET_FOLDER}data.noun": b"  1 licence | of the package\n"
    + b"".join(
        b"%08d 03 n 01 x 0 | Thing (no. %d); e.g. a \xc3\xa9_b\n" % (n, n) for n in range(20)
    )
    + b"00000099 05 n 01 y 0 | thing (no. 3); e.g. a \xc3\xa9_b\n"
}


@pytest.fixture(params=NAMES)
def family(request):
    with one_thread(torch.device("cpu")):
        yield FAMILIES[request.param]


def drawn_inputs(family, row_count, seed=0):
    random = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randint(1, vocabulary, (row_count, length), generator=random)
        for length, vocabulary in VOCABULARIES[family.name]
    )


def built(family, size, seed=0, activation="relu"):
    torch.manual_seed(seed)
    return family.build(size, activation)


def repeating(family, row_count):
    """Examples anyone can learn: the class or the next token follows from what is read."""
    inputs = drawn_inputs(family, row_count, seed=1)
    if family.name in ("text-bag", "text-encoder"):
        words = 2 + inputs[0][:, :1].expand(-1, TEXT_WORD_COUNT) % 4
        return Split((words.contiguous(),), words[:, 0])
    return Split(
        tuple(side[:1].expand_as(side) for side in inputs), inputs[-1][:1].expand_as(inputs[-1])
    )


def test_what_every_family_states(family):
    assert len(family.sizes) >= 5
    assert list(family.sizes) == sorted(set(family.sizes))
    assert set(family.learning_rates) == {"sgd", "momentum", "adamw", "adafactor"}
    assert min(family.learning_rates.values()) > 0
    assert family.domain == "text"
    assert family.data_kind == ("synthetic" if family.name == "text-translation" else "real")
    assert {step.name for step in family.preparation()} == {"clean", "convert", "augment"}


def test_shapes_at_every_size(family):
    for size in family.sizes:
        output = built(family, size)(*drawn_inputs(family, 3))
        assert output.shape == (3, *OUTPUT[family.name])


def test_flop_are_what_torch_counts(family):
    # The fused attention of a CPU is counted nowhere; its plain form is the same arithmetic.
    for size in family.sizes:
        model = built(family, size)
        with FlopCounterMode(display=False) as counted, sdpa_kernel(SDPBackend.MATH):
            model(*drawn_inputs(family, 3))
        assert counted.get_total_flops() == 3 * family.flop_per_example(size)


def test_equal_seeds_give_equal_models(family):
    inputs = drawn_inputs(family, 2)
    first, again, other = (built(family, family.sizes[1], seed)(*inputs) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_activation_is_used(family):
    inputs = drawn_inputs(family, 2)
    outputs = [built(family, 16, activation=name)(*inputs) for name in ACTIVATIONS]
    for place, output in enumerate(outputs):
        assert not any(torch.allclose(output, other) for other in outputs[place + 1 :])


@pytest.mark.parametrize("optimiser", ["adamw", "momentum"])
def test_what_can_be_learnt_is_learnt(family, optimiser):
    examples = repeating(family, 32)
    model = built(family, 16)
    changes = optimiser_of(optimiser, model, family.learning_rates[optimiser])
    before = family.evaluate(model(*examples.inputs).detach(), examples)
    for _ in range(60):
        family.loss(model(*examples.inputs), examples.targets).backward()
        changes.step()
        changes.zero_grad()
    after = family.evaluate(model(*examples.inputs).detach(), examples)
    assert after["loss_nats"] < before["loss_nats"] / 2
    assert after[family.metric] > 0.6 > before[family.metric]


def test_bf16_autocast_gives_nearly_the_same(family):
    model, inputs = built(family, 16), drawn_inputs(family, 4)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        near = model(*inputs).float()
    assert torch.allclose(near, model(*inputs), atol=0.1)


def test_decoders_do_not_look_ahead():
    for name in ("text-decoder", "text-translation"):
        family = FAMILIES[name]
        model, inputs = built(family, 16).eval(), drawn_inputs(family, 2)
        changed = inputs[-1].clone()
        changed[:, 7:] = 1
        outputs = model(*inputs), model(*inputs[:-1], changed)
        assert torch.allclose(outputs[0][:, :7], outputs[1][:, :7], atol=1e-6)
        assert not torch.allclose(outputs[0][:, 7:], outputs[1][:, 7:], atol=1e-3)


def test_the_encoder_ignores_padding_and_answers_for_an_empty_text():
    family = FAMILIES["text-encoder"]
    model = built(family, 16)
    words = torch.full((2, TEXT_WORD_COUNT), PADDING)
    words[0, :4] = torch.tensor([5, 6, 7, 8])
    before = model(words)
    with torch.no_grad():
        model.tokens.places.weight[4:] += 1
    after = model(words)
    assert torch.equal(before, after)
    assert after.isfinite().all()


def test_the_translator_reads_only_digits_that_are_there():
    model = built(FAMILIES["text-translation"], 16)
    source = torch.tensor([[1, 2, 3] + [text_numbers.PADDING] * 6])
    target = torch.ones((1, text_numbers.TARGET_SIZE - 1), dtype=torch.long)
    before = model(source, target)
    with torch.no_grad():
        model.digits.places.weight[3:] += 1
    assert torch.equal(before, model(source, target))


@pytest.mark.parametrize(("size", "heads"), [(4, 1), (16, 1), (24, 1), (32, 2), (48, 3), (50, 1)])
def test_heads_share_the_width(size, heads):
    assert head_count(size) == heads


def test_class_scores_of_a_hand_made_output():
    # Classes 0, 0, 1, 2 foretold as 0, 1, 1, 0: precision 1/2, 1/2, 0; recall 1/2, 1, 0.
    targets = torch.tensor([0, 0, 1, 2])
    output = torch.full((4, text_categories.CLASS_COUNT), -math.inf)
    output[:, :3] = 0.0
    output[range(4), [0, 1, 1, 0]] = math.log(2)
    found = FAMILIES["text-bag"].evaluate(output, Split((targets,), targets))
    assert found["accuracy_share"] == 0.5
    assert found["precision_share"] == pytest.approx(1 / 3)
    assert found["recall_share"] == pytest.approx(1 / 2)
    assert found["f1_share"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    # Twice likelihood 2/4, twice 1/4.
    assert found["loss_nats"] == pytest.approx((2 * math.log(2) + 2 * math.log(4)) / 4)


def hand_made_tokens(vocabulary_size, foretold):
    """Foretold tokens have likelihood 1/2, one other has the rest."""
    output = torch.full((*foretold.shape, vocabulary_size), -math.inf)
    output.scatter_(2, ((foretold + 1) % vocabulary_size)[..., None], 0.0)
    return output.scatter_(2, foretold[..., None], 1e-6)


def test_token_scores_leave_padding_out():
    targets = torch.tensor([[3, 4, 0], [3, 4, 5]])
    output = hand_made_tokens(
        text_numbers.TARGET_VOCABULARY_SIZE, torch.tensor([[3, 4, 9], [3, 3, 5]])
    )
    found = FAMILIES["text-translation"].evaluate(output, Split((targets,), targets))
    assert found["token_accuracy_share"] == pytest.approx(4 / 5)
    assert found["exact_sequence_share"] == 0.5
    assert found["loss_nats"] == pytest.approx(math.log(2), rel=1e-5)
    assert found["perplexity"] == pytest.approx(2, rel=1e-5)


def test_every_character_counts():
    targets = torch.tensor([[0, 4], [3, 5]])
    output = hand_made_tokens(len(text_characters.ALPHABET), torch.tensor([[0, 4], [3, 4]]))
    found = FAMILIES["text-decoder"].evaluate(output, Split((targets,), targets))
    assert found.keys() == {"token_accuracy_share", "perplexity", "loss_nats"}
    assert found["token_accuracy_share"] == 0.75
    assert found["perplexity"] == pytest.approx(2, rel=1e-5)


def test_a_hopeless_model_has_endless_perplexity():
    targets = torch.tensor([[1]])
    output = torch.tensor([[[0.0, -1e4]]])
    found = FAMILIES["text-decoder"].evaluate(output, Split((targets,), targets))
    assert found["perplexity"] == math.inf


@pytest.mark.parametrize(
    ("number", "said"),
    [
        # As German counts; joints stand as words of their own here.
        (1, "eins"),
        (16, "sechzehn"),
        (21, "ein und zwanzig"),
        (101, "ein hundert eins"),
        (1_234, "ein tausend zwei hundert vier und dreißig"),
        (1_000_000, "eine million"),
        (2_017_070, "zwei millionen siebzehn tausend siebzig"),
    ],
)
def test_numbers_in_german(number, said):
    assert " ".join(text_numbers.words(number)) == said


@given(st.integers(1, 999_999_999), st.integers(1, 999_999_999))
def test_no_two_numbers_sound_alike_and_all_fit(one, other):
    assert (text_numbers.words(one) == text_numbers.words(other)) == (one == other)
    assert len(text_numbers.words(one)) + 2 <= text_numbers.TARGET_SIZE
    assert set(text_numbers.words(one)) <= set(text_numbers.WORDS)


def test_number_steps_keep_what_is_held_out_unseen():
    drawn = text_numbers.raw()
    train, held_out = text_numbers.clean(drawn)
    assert sorted([*train, *held_out]) == sorted(set(drawn.tolist()))
    more, same = text_numbers.augment((train, held_out))
    assert len(more) > len(train)
    assert len(set(more.tolist())) == len(more)
    assert not set(more.tolist()) & set(held_out.tolist())
    np.testing.assert_array_equal(same, held_out)
    arrays = text_numbers.convert((np.array([21]), np.array([305])))
    assert arrays["train_source"].tolist() == [[3, 2] + [0] * 7]
    spoken = [text_numbers.WORDS[word] for word in arrays["train_target"][0]]
    assert spoken[:5] == ["<start>", "ein", "und", "zwanzig", "<end>"]
    assert set(spoken[5:]) == {"<padding>"}


def test_character_steps():
    train, held_out = text_characters.clean(LINES)
    lines = [*train.split("\n"), *held_out.split("\n")]
    assert len(held_out.split("\n")) == 2
    assert sorted(lines) == sorted(f"thing (no. {n}); e.g. a   b" for n in range(20))
    numbers = text_characters.convert((train, held_out))
    assert "".join(text_characters.ALPHABET[n] for n in numbers[0]) == train
    runs = text_characters.windows((numbers[0], numbers[0]))["train"]
    assert runs.shape == (text_characters.TRAIN_WINDOW_COUNT, text_characters.CONTEXT_SIZE + 1)
    window = "".join(text_characters.ALPHABET[n] for n in runs[0])
    assert window in train
    # A crop may start anywhere.
    assert len({bytes(run) for run in runs}) == len(train) - text_characters.CONTEXT_SIZE


def test_word_dropout_spares_padding_and_what_is_held_out():
    size = text_categories.VOCABULARY_SIZE
    words = np.full((4_000, TEXT_WORD_COUNT), size - 1, np.int32)
    words[:, 10:] = PADDING
    words[0, 0] = size
    classes = np.zeros(len(words), np.int32)
    found = text_categories.augment(TextData(words, classes, words, classes), 3_000)
    assert len(found.train_words) == len(found.train_classes) == 3_000
    assert set(np.unique(found.train_words[:, 10:])) == {PADDING}
    dropped_share = (found.train_words[:, :10] == OTHER_WORD).mean()
    assert dropped_share == pytest.approx(text_categories.DROPPED_SHARE, abs=0.005)
    assert (found.held_out_words == OTHER_WORD).sum() == 1
    assert found.held_out_words[0, 0] == OTHER_WORD


def test_prepared_translation_is_what_the_steps_give(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    family = FAMILIES["text-translation"]
    stepwise = family.raw()
    for step in family.preparation():
        stepwise = step.run(stepwise)
    for data in (family.data(), family.data()):
        for side in ("train", "held_out"):
            kept, made = getattr(data, side), getattr(stepwise, side)
            assert torch.equal(kept.targets, made.targets)
            assert all(map(torch.equal, kept.inputs, made.inputs))
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["number-words-1.npz"]
    # What is read is one place behind what is to be foretold.
    assert torch.equal(stepwise.train.inputs[1][:, 1:], stepwise.train.targets[:, :-1])


def test_a_little_training_beats_the_commonest_word(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    recipe = Recipe("text-translation", 16, epoch_count=4, train_example_count=2_500)
    found = train(recipe, torch.device("cpu")).metrics
    targets = FAMILIES["text-translation"].data().held_out.targets
    counts = torch.bincount(targets[targets != text_numbers.PADDING])
    assert found["token_accuracy_share"] > 2 * counts.max() / counts.sum()


def test_exports_agree_at_any_batch_size(family, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = built(family, 16, activation="gelu").eval()
    inputs = drawn_inputs(family, 2)
    shapes = tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs)
    exported = torch.export.export(model, inputs, dynamic_shapes=shapes)
    path = tmp_path / "model.onnx"
    with warnings.catch_warnings():
        # The exporter's own deprecations.
        warnings.simplefilter("ignore")
        torch.onnx.export(model, inputs, path, dynamo=True, dynamic_shapes=shapes, verbose=False)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for row_count in (1, 7):
        others = drawn_inputs(family, row_count, seed=row_count)
        wanted = model(*others).detach()
        assert torch.allclose(exported.module()(*others), wanted, atol=1e-6)
        named = {
            side.name: value.numpy()
            for side, value in zip(session.get_inputs(), others, strict=True)
        }
        np.testing.assert_allclose(session.run(None, named)[0], wanted, atol=1e-4)
