"""A step of the text classifier beside the loop one would write by hand in plain torch.

Run with `pytest -m benchmark -s tests/benchmarks/bench_classifier_step.py`. The two
take turns in one process, and CPU time is compared, so that a busy machine disturbs
both alike.
"""

import sys
import time
from statistics import median

import pytest
import torch
from torch import nn

from engine.measurement.workloads.text_classifier import TextClassifier
from engine.measurement.workloads.word_average import Classifier, train_epoch

CPU = torch.device("cpu")
STEP_COUNT = 400
ROUND_COUNT = 15


def ours(asked, batches):
    model = Classifier(asked, torch.Generator().manual_seed(0), CPU)
    optimiser = torch.optim.Adam(model.parameters, fused=True)
    return lambda: train_epoch(model, optimiser, batches)


def by_hand(asked, batches, fused):
    """Modules, `zero_grad`, and the same batches; Adam as it comes, or at its fastest."""
    table = nn.Embedding(asked.vocabulary_size, asked.embedding_size)
    dense = nn.Linear(asked.embedding_size, asked.output_count)
    loss_of = nn.BCEWithLogitsLoss() if asked.output_count == 1 else nn.CrossEntropyLoss()
    optimiser = torch.optim.Adam([*table.parameters(), *dense.parameters()], fused=fused)

    def epoch():
        for words, targets in batches:
            loss = loss_of(dense(table(words).mean(dim=1)), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


def step_times_us(loops):
    for loop in loops.values():
        loop()
    times_us = {name: [] for name in loops}
    for _ in range(ROUND_COUNT):
        for name, loop in loops.items():
            start_s = time.process_time()
            loop()
            times_us[name].append((time.process_time() - start_s) / STEP_COUNT * 1e6)
    return {name: median(times) for name, times in times_us.items()}


@pytest.mark.benchmark
@pytest.mark.parametrize(
    "asked",
    [
        TextClassifier(vocabulary_size=50),
        TextClassifier(vocabulary_size=5_000),
        TextClassifier("wordnet-categories", 2, 20_000, batch_size=128),
        TextClassifier("wordnet-categories", 32, 20_000, batch_size=128),
    ],
    ids=lambda w: f"{w.task}-{w.vocabulary_size}x{w.embedding_size}",
)
def test_step_against_a_loop_by_hand(asked, capsys):
    words = torch.randint(asked.vocabulary_size, (STEP_COUNT, asked.batch_size, 16))
    single = asked.output_count == 1
    targets = torch.randint(2, (STEP_COUNT, asked.batch_size))
    targets = targets.float().unsqueeze(2) if single else targets
    batches = list(zip(words.unbind(), targets.unbind(), strict=True))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times_us = step_times_us(
        {
            "ours": ours(asked, batches),
            "by hand": by_hand(asked, batches, fused=None),
            "by hand, fused Adam": by_hand(asked, batches, fused=True),
        }
    )
    torch.set_num_threads(threads)
    with capsys.disabled():
        for name, time_us in times_us.items():
            sys.stdout.write(
                f"\n  {name}: {time_us:.0f} us, ours is {times_us['ours'] / time_us:.3f}"
            )
