"""Signatures: stable numbers, honest estimates, bands that meet."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from monitors.opinion import minhash

TEXT = "县人社局会同住建部门约谈施工单位，责令限期支付二十七名工人工资，当天已有部分款项到账，其余按承诺分期付清。"


ROOT = Path(__file__).resolve().parent.parent
PINNED_SIGNATURE = [1648230633, 433993630, 2343431387, 1116175483]
PINNED_BAND = 3408067971048353056


def changed(text: str, share: float, seed: int = 1) -> str:
    chance = random.Random(seed)
    return "".join(chr(chance.randint(0x5000, 0x7000)) if chance.random() < share else c for c in text)


def test_bare_text_is_what_copies_share() -> None:
    assert minhash.bare("【转】 农民工，ＡＢＣ１２ \n農民工！") == "转农民工abc12农民工"
    assert minhash.text_hash("工资，到账了。") == minhash.text_hash("工資 到账了！")
    assert minhash.text_hash("工资到账了") != minhash.text_hash("工资未到账")


def test_a_stored_signature_means_the_same_on_every_machine_and_run() -> None:
    script = (
        "from monitors.opinion import minhash as m; s = m.signature(m.shingles('工资到账了'));"
        "print(s[:4].tolist(), m.bands(s)[0])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, cwd=ROOT
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    first = minhash.signature(minhash.shingles("工资到账了"))
    assert first[:4].tolist() == PINNED_SIGNATURE
    assert minhash.bands(first)[0] == PINNED_BAND


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.1, 0.3, 1.0])
def test_the_estimate_is_near_the_truth(share: float) -> None:
    long = "".join(chr(0x4E00 + i * 13 % 5000) for i in range(600))
    a, b = minhash.shingles(long), minhash.shingles(changed(long, share))
    exact, _ = minhash.jaccard(a, b)
    assert minhash.similarity(minhash.signature(a), minhash.signature(b)) == pytest.approx(exact, abs=0.2)


def test_close_copies_share_a_band_and_strangers_do_not() -> None:
    keys = set(minhash.bands(minhash.signature(minhash.shingles(TEXT))))
    for seed in range(20):
        copy = minhash.bands(minhash.signature(minhash.shingles("【转】" + changed(TEXT, 0.04, seed))))
        assert keys & set(copy)
        assert not keys & set(minhash.bands(minhash.signature(minhash.shingles(changed(TEXT, 1.0, seed)))))


def test_keys_fit_a_signed_column_and_name_their_kind() -> None:
    found = minhash.bands(minhash.signature(minhash.shingles(TEXT)))
    assert len(set(found)) == minhash.BANDS
    assert [key % minhash.KEY_KINDS for key in found] == list(range(minhash.BANDS))
    assert all(0 <= key < 2**63 for key in [*found, minhash.key(31, "讨薪"), minhash.key(20, "\ud83d")])
    assert minhash.key(20, "讨薪") != minhash.key(21, "讨薪")


@pytest.mark.parametrize("text", ["", "。！？ \n", "薪", "欠薪", "欠薪者", "😀👷"])
def test_short_texts_have_signatures_too(text: str) -> None:
    found = minhash.shingles(text)
    signature = minhash.signature(found)
    assert (signature.shape, signature.dtype) == ((60,), np.uint32)
    assert len(found) == (1 if minhash.bare(text) else 0)
    assert minhash.jaccard(found, found) == ((1.0, 1.0) if len(found) else (0.0, 0.0))


def test_what_is_stored_comes_back() -> None:
    signature = minhash.signature(minhash.shingles(TEXT))
    data = minhash.to_bytes(signature)
    assert len(data) == 240
    assert np.array_equal(minhash.from_bytes(data), signature)
    with pytest.raises(ValueError, match="240"):
        minhash.from_bytes(data[:-1])


def test_containment_sees_an_excerpt() -> None:
    whole, part = minhash.shingles(TEXT), minhash.shingles(TEXT[:25])
    similarity, contained = minhash.jaccard(whole, part)
    assert similarity < 0.6
    assert contained == 1.0
