"""The bulk scorer against SnowNLP itself: equal to the last bit, on texts of every shape, and safe caches."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from monitors.errors import SettingsError
from monitors.opinion import snow_model
from monitors.opinion.snow import SnowScorer

SENTENCES = (
    "工地上四十二名农民工的工资从三月拖到现在，包工头电话关机。",
    "县人社局昨天把追回的血汗钱发到每个人手里，工友们送来锦旗！",
    "酒店干净，早餐一般，前台态度很好，下次还来。",
    "快递慢得离谱，屏幕有划痕，客服推来推去，差评",
    "今年计划新建高标准农田两万亩，总投资3.6亿元。",
    "The contractor owes wages since 2026-03, tel 0871-6719505",
    "他说：“年前一定结清”，可是到了腊月二十八还没有消息……",
)
HAN = "的一是不了在人有我他这工资欠薪讨农民拖欠昆明曲靖昭通楚雄红河文山丽江怒江迪庆"
RARE = "龘齉爨犇猋骉麤鱻靐龗丂丄丆亍亖亗兯凚"
OTHER = "㐀〇ａＺ９，。！？、；：“”…—·#@ \t\n\r\u3000\x0b\u2028aZ09%￥😀👷🏽‍♂️é한あ\ud83d\x00"


def varied_texts() -> list[str]:
    """Several hundred texts: prose, noise, unknown characters, mixtures, edges and very long runs."""
    chance = random.Random(20261123)
    pools = (HAN, RARE, OTHER, HAN + RARE, HAN + OTHER, RARE + OTHER, HAN + RARE + OTHER)
    noise = ["".join(chance.choice(pool) for _ in range(chance.randint(1, 40))) for pool in pools for _ in range(45)]
    mixed = ["".join(chance.sample(SENTENCES, 3)) + chance.choice(noise) for _ in range(30)]
    edges = ["　", "\n\n", "工", "龘", "龘龘", "工龘", "龘工", "龘工资龘", "0", "工资" * 700, "薪龘" * 300, "好" * 2000]
    return [*SENTENCES, *noise, *mixed, *edges, "。".join(SENTENCES * 12)]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snow")


@pytest.fixture(scope="module")
def scorer(cache_dir: Path) -> SnowScorer:
    return SnowScorer(cache_dir)


@pytest.fixture(scope="module")
def original() -> ModuleType:
    return pytest.importorskip("snownlp")


def test_every_score_and_every_word_equals_the_original(scorer: SnowScorer, original: ModuleType) -> None:
    texts = varied_texts()
    assert len(texts) >= 300
    words = scorer.segment(texts)
    scores = scorer.score(texts)
    for text, found, score in zip(texts, words, scores, strict=True):
        assert found == original.SnowNLP(text).words, repr(text)
        assert score == original.SnowNLP(text).sentiments, repr(text)  # equal, not close: no tolerance on purpose


def test_real_texts_equal_the_original(scorer: SnowScorer, original: ModuleType, shared_dir: Path) -> None:
    rows = [
        json.loads(line)
        for name in ("relevance", "dups", "sentiment")
        for line in (shared_dir / "eval" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    texts = [text for row in rows if (text := (row.get("title") or "") + "\n" + (row.get("text") or "")).strip()]
    sample = random.Random(7).sample(texts, 150)
    assert scorer.score(sample) == [original.SnowNLP(text).sentiments for text in sample]


def test_the_company_a_text_keeps_does_not_change_its_score(scorer: SnowScorer) -> None:
    texts = varied_texts()
    together = scorer.score(texts)
    assert together == [scorer.score([text])[0] for text in texts]
    backwards = scorer.score(texts[::-1])
    assert backwards == together[::-1]


@pytest.mark.parametrize("texts", [[], [""], ["", "工资", ""]])
def test_nothing_to_read(scorer: SnowScorer, original: ModuleType, texts: list[str]) -> None:
    # SnowNLP("") divides by zero; its classifier alone does not.
    assert scorer.score(texts) == [original.sentiment.classify(text) for text in texts]
    assert scorer.segment(texts) == [original.seg.seg(text) for text in texts]


def test_a_text_longer_than_a_batch(scorer: SnowScorer) -> None:
    text = "包工头跑了，工人们等着拿钱回家过年。" * 4000
    assert scorer.segment([text])[0] == scorer.segment([text[: len(text) // 4000]])[0] * 4000


def test_threads_share_one_scorer(scorer: SnowScorer) -> None:
    texts = varied_texts()[:120]
    alone = scorer.score(texts)
    with ThreadPoolExecutor(4) as pool:
        assert all(scores == alone for scores in pool.map(lambda _: scorer.score(texts), range(8)))


def test_the_words_that_moved_a_score(scorer: SnowScorer) -> None:
    praise = dict(scorer.influences("酒店很干净，服务很好，非常满意"))
    blame = dict(scorer.influences("太差了，垃圾，退货"))
    assert max(praise.values()) > 0
    assert min(blame.values()) < 0
    assert "，" not in praise  # stop words move nothing
    assert scorer.influences("龘") == []


def spoil_one_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def another_value(path: Path) -> None:
    """A well-formed file whose numbers are not the ones it was sealed with."""
    np = pytest.importorskip("numpy")
    with np.load(path) as file:
        arrays = dict(file)
    arrays["prior"] = arrays["prior"] + 1.0
    with path.open("wb") as file:
        np.savez(file, **arrays)


def another_source(path: Path) -> None:
    """A sound cache made from another version of the package."""
    np = pytest.importorskip("numpy")
    with np.load(path) as file:
        arrays = {**file, "source": np.array("0" * 64)}
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize("harm", [spoil_one_byte, cut_in_half, empty, another_value, another_source])
def test_a_harmed_cache_is_not_read(cache_dir: Path, scorer: SnowScorer, tmp_path: Path, harm) -> None:
    source = snow_model.source_digest(snow_model.package_dir())
    copy = tmp_path / "snownlp.npz"
    copy.write_bytes((cache_dir / "snownlp.npz").read_bytes())
    assert snow_model._read(copy, source) is not None
    harm(copy)
    assert snow_model._read(copy, source) is None


def test_an_unreadable_cache_is_built_anew_and_no_scrap_is_left(tmp_path: Path, scorer: SnowScorer) -> None:
    (tmp_path / "snownlp.npz").write_bytes(b"PK\x03\x04 not really")
    assert SnowScorer(tmp_path).score(["工资到账了"]) == scorer.score(["工资到账了"])
    assert [path.name for path in tmp_path.iterdir()] == ["snownlp.npz"]


def test_a_child_that_fails_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snow_model, "package_dir", lambda: tmp_path)
    for name in snow_model._SOURCES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(SettingsError, match="转换失败"):
        SnowScorer(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_missing_package_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(snow_model.ModelError, match=r"requirements\.txt"):
        snow_model.package_dir()


def test_the_watch_stays_small(cache_dir: Path, scorer: SnowScorer) -> None:
    script = (
        "import sys; from pathlib import Path; from monitors.opinion.snow import SnowScorer;"
        "SnowScorer(Path(sys.argv[1])).score(['欠薪半年，工人讨薪无果。' * 20] * 50);"
        "assert 'snownlp' not in sys.modules;"
        "print(next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(cache_dir)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100  # interpreter and numpy included; SnowNLP alone needs more than 400
