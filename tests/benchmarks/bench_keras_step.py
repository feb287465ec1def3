"""A step of the text classifier beside the same model, data and optimiser in Keras 3.

Keras is no dependency: install it in an environment of its own beside torch, then
`KERAS_BACKEND=torch pytest -m benchmark -s tests/benchmarks/bench_keras_step.py`, or
`KERAS_BACKEND=tensorflow` where that is installed as well. Epochs take turns in one process
and both CPU and wall time are compared, so that a busy machine disturbs both alike. The
ratio is printed, aimed to be 5 or more; what must hold is that both learn equally well.
"""

import os
import sys
import time
from statistics import median

import pytest
import torch

from engine.measurement import datasets
from engine.measurement.archives import DataUnavailable
from engine.measurement.workloads.text_classifier import LEARNING_RATES, TextClassifier, _Texts
from engine.measurement.workloads.word_average import Classifier, judge, train_epoch

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras 3 is not installed; it is no dependency")

CPU = torch.device("cpu")
ASKED = TextClassifier("news", embedding_size=16, vocabulary_size=5_000)
EPOCH_COUNT = 6
ACCURACY_REACH = 0.01


def keras_model():
    layers = [
        keras.layers.Embedding(ASKED.vocabulary_size, ASKED.embedding_size),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATES[ASKED.task]),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


def timed(epoch):
    cpu_start_s, start_s = time.process_time(), time.perf_counter()
    epoch()
    return time.perf_counter() - start_s, time.process_time() - cpu_start_s


@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
def test_step_against_keras(capsys):
    try:
        texts = _Texts(datasets.load(ASKED.task), ASKED, CPU)
    except DataUnavailable as error:
        pytest.skip(str(error))
    step_count = len(texts.train_words) // ASKED.batch_size
    count = step_count * ASKED.batch_size
    words, targets = texts.train_words[:count].numpy(), texts.train_targets[:count].numpy()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    ours = Classifier(ASKED, random, CPU)
    adam = torch.optim.Adam(ours.parameters, LEARNING_RATES[ASKED.task], fused=True)
    theirs = keras_model()
    times_s = {"ours": [], "keras": []}
    for _ in range(EPOCH_COUNT):
        batches = texts.batches(ASKED.batch_size, random)
        times_s["ours"].append(timed(lambda b=batches: train_epoch(ours, adam, b)))
        fit = lambda: theirs.fit(words, targets, ASKED.batch_size, 1, verbose=0)  # noqa: E731
        times_s["keras"].append(timed(fit))
    torch.set_num_threads(threads)
    # The first epoch of Keras builds and, with TensorFlow, compiles the model.
    wall, cpu = (
        {k: median(t[place] for t in v[1:]) for k, v in times_s.items()} for place in (0, 1)
    )
    own_share = judge(ours, texts.held_out_words, texts.held_out_targets)[1]
    logits = theirs.predict(texts.held_out_words.numpy(), verbose=0)
    their_share = float(((logits > 0) == texts.held_out_targets.numpy()).mean())
    with capsys.disabled():
        sys.stdout.write(
            f"\n  Keras {keras.__version__} on {keras.backend.backend()}, batch "
            f"{ASKED.batch_size}: {wall['keras'] / step_count * 1e6:.0f} us a step, ours "
            f"{wall['ours'] / step_count * 1e6:.0f} us: x {wall['keras'] / wall['ours']:.1f} wall, "
            f"x {cpu['keras'] / cpu['ours']:.1f} CPU; accuracy {their_share:.2%} and "
            f"{own_share:.2%}"
        )
    assert abs(own_share - their_share) <= ACCURACY_REACH
