"""The classifier on toy texts: it learns, it is judged, it repeats itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.measurement import datasets
from engine.measurement.datasets import TextData
from engine.measurement.workloads.text_classifier import TextClassifier, train
from engine.measurement.workloads.word_average import Classifier
from engine.records import BadInput

CPU = torch.device("cpu")
TOY = TextClassifier(task="news", embedding_size=4, vocabulary_size=22, epoch_count=6, batch_size=8)


def toy_data(class_count=2, text_count=240, seed=0):
    """Each class has words of its own, mixed half and half with words of all."""
    random = np.random.default_rng(seed)
    words_each = 20 // class_count
    classes = random.integers(0, class_count, text_count).astype(np.int32)
    own = 2 + classes[:, None] * words_each + random.integers(0, words_each, (text_count, 16))
    anyone = random.integers(2, 22, (text_count, 16))
    words = np.where(random.random((text_count, 16)) < 0.5, own, anyone).astype(np.int32)
    words[0, 0], words[1, 0] = 21, 1
    cut = text_count * 3 // 4
    return TextData(words[:cut], classes[:cut], words[cut:], classes[cut:])


def learn(asked, data=None):
    seen = []
    return train(asked, data or toy_data(), CPU, seen.append), seen


def test_two_separable_classes_are_learnt():
    learned, _ = learn(replace(TOY, epoch_count=40))
    assert learned.metrics["accuracy_share"] >= 0.9
    assert learned.metrics["f1_share"] >= 0.9
    assert learned.epochs[-1].held_out_loss_nats < learned.epochs[0].held_out_loss_nats / 2


def test_many_classes_are_learnt_and_averaged():
    asked = replace(TOY, task="wordnet-categories", epoch_count=60)
    learned, _ = learn(asked, toy_data(class_count=4))
    assert learned.metrics["accuracy_share"] >= 0.9
    assert learned.metrics["precision_share"] >= 0.9


def test_every_epoch_is_told_as_it_ends_and_kept():
    learned, told = learn(TOY)
    assert told == learned.epochs
    assert [epoch.number for epoch in told] == [1, 2, 3, 4, 5, 6]
    assert all(0 <= e.held_out_accuracy_share <= 1 for e in told)
    # 180 training texts are 22 full batches of 8.
    assert learned.step_count == 22 * 6
    assert learned.step_times_s == [epoch.time_s / 22 for epoch in told]


def test_what_was_counted_is_in_the_metrics():
    learned, _ = learn(TOY)
    assert set(learned.metrics) == {
        *("accuracy_share", "precision_share", "recall_share", "f1_share"),
        *("held_out_loss_nats", "parameter_count", "train_example_count", "test_example_count"),
    }
    assert learned.metrics["parameter_count"] == TOY.parameter_count == 22 * 4 + 4 + 1
    assert learned.metrics["train_example_count"] == 180
    assert learned.metrics["test_example_count"] == 60
    assert learned.metrics["held_out_loss_nats"] == learned.epochs[-1].held_out_loss_nats
    assert learned.metrics["accuracy_share"] == pytest.approx(
        learned.epochs[-1].held_out_accuracy_share
    )


def test_a_seed_gives_the_same_model_and_another_seed_another():
    first, again = learn(TOY)[0].metrics, learn(TOY)[0].metrics
    assert first == again
    assert learn(replace(TOY, seed=1))[0].metrics != first


def test_words_beyond_the_vocabulary_are_the_other_word():
    data = toy_data()
    cut = replace(
        data,
        train_words=np.where(data.train_words < 5, data.train_words, 1),
        held_out_words=np.where(data.held_out_words < 5, data.held_out_words, 1),
    )
    small = replace(TOY, vocabulary_size=5)
    assert learn(small, data)[0].metrics == learn(small, cut)[0].metrics


def test_the_first_loss_is_that_of_guessing():
    model = Classifier(TOY, torch.Generator().manual_seed(0), CPU)
    words = torch.from_numpy(toy_data().train_words).long()
    targets = torch.from_numpy(toy_data().train_classes).float().unsqueeze(1)
    assert model.loss(model.logits(words), targets).item() == pytest.approx(np.log(2), rel=0.02)


def test_a_step_is_that_of_plain_torch():
    data = toy_data()
    asked = replace(TOY, epoch_count=1, batch_size=180)
    start = Classifier(asked, torch.Generator().manual_seed(asked.seed), CPU)
    table = torch.nn.Embedding.from_pretrained(start.vectors.detach().clone(), freeze=False)
    dense = torch.nn.Linear(4, 1)
    dense.load_state_dict({"weight": start.weights.detach(), "bias": start.bias.detach()})
    optimiser = torch.optim.Adam([*table.parameters(), *dense.parameters()])
    words = torch.from_numpy(data.train_words).long()
    loss = torch.nn.BCEWithLogitsLoss()
    targets = torch.from_numpy(data.train_classes).float()
    loss(dense(table(words).mean(1)).squeeze(1), targets).backward()
    optimiser.step()
    expected = loss(dense(table(words).mean(1)).squeeze(1), targets).item()
    assert learn(asked, data)[0].epochs[0].train_loss_nats == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("task", ["news", "wordnet-categories"])
def test_its_gradient_is_that_of_autograd(task):
    asked = TextClassifier(task, embedding_size=4, vocabulary_size=30, batch_size=64)
    random = torch.Generator().manual_seed(0)
    model = Classifier(asked, random, CPU)
    words = torch.randint(asked.vocabulary_size, (64, 16), generator=random)
    targets = torch.randint(max(2, asked.output_count), (64,), generator=random)
    targets = targets.float().unsqueeze(1) if asked.output_count == 1 else targets
    recorded = torch.autograd.grad(model.loss(model.logits(words), targets), model.parameters)
    with torch.no_grad():
        model.differentiate(words, targets)
    for parameter, gradient in zip(model.parameters, recorded, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_arithmetic_and_traffic_follow_the_sizes():
    news = TextClassifier()
    assert news.parameter_count == 5_000 * 16 + 16 + 1
    assert news.flop_per_step == 6 * 32 * 16
    assert news.moved_bytes_per_step == 36 * news.parameter_count
    many = TextClassifier(task="wordnet-categories", embedding_size=8, vocabulary_size=100)
    assert many.parameter_count == 100 * 8 + 8 * 45 + 45
    assert many.flop_per_step == 6 * 32 * 8 * 45


def test_threads_are_given_back():
    before = torch.get_num_threads()
    learn(replace(TOY, epoch_count=1))
    assert torch.get_num_threads() == before


def test_settings_are_all_that_was_asked():
    assert TextClassifier().settings == {
        "task": "news",
        "embedding_size": 16,
        "vocabulary_size": 5_000,
        "seed": 0,
        "epoch_count": 10,
        "batch_size": 32,
        "optimiser": "adam",
    }


def test_the_workload_learns_from_the_data_set_of_its_task(monkeypatch):
    monkeypatch.setattr(datasets, "_load", lambda known: {"news": toy_data()}[known.name])
    TOY.fetch()
    assert TOY.learn(CPU, lambda epoch: None).metrics["test_example_count"] == 60


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "nws"}, "Known: news, wordnet-categories"),
        ({"optimiser": "sgd"}, "learns by adam only, not 'sgd'"),
        ({"vocabulary_size": 1}, "take 2 or more"),
        ({"epoch_count": 0}, "epoch_count must be 1 or more, got 0"),
        ({"embedding_size": -1}, "embedding_size must be 1 or more, got -1"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        replace(TOY, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vocabulary_size": 23}, "take at most 22"),
        ({"batch_size": 181}, "more than the 180 texts"),
    ],
)
def test_more_than_the_data_hold_is_refused(changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        learn(replace(TOY, **changes))
