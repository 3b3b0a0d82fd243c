"""SnowNLP's installed models, converted once into flat tables; reading them back, checked.

SnowNLP 0.12.3 needs 2.2 s and some 430 MB to import, because its trigram model is 1.3 million Python tuples. A
short-lived child process reads the package's own files (nothing else is ever unmarshalled), computes every logarithm
the segmenter can ask for with ``math.log`` (numpy's may differ in the last bit), and writes one npz of 17 MB. Run as a
script, this module is that child; it imports nothing of ours.
"""

from __future__ import annotations

import codecs
import gc
import gzip
import hashlib
import importlib.util
import marshal
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1  # rises whenever the tables change their meaning: older caches are then rebuilt
FIRST_HAN, LAST_HAN = 0x4E00, 0x9FA5  # what SnowNLP's own pattern takes for Chinese
STATUS = ("b", "m", "e", "s")  # its states in its order, which decides ties
CODE_BITS = 13  # a character's number; 4,577 known ones, two set aside
UNKNOWN, BOS, FIRST_CODE = 0, 1, 2
_SOURCES = ("seg/seg.marshal.3", "sentiment/sentiment.marshal.3", "normal/stopwords.txt")
_CHILD_SECONDS = 300  # 12 s on the slowest machine seen; a hung child must not hang the watch

Arrays = dict[str, NDArray[Any]]


class ModelError(Exception):
    """The models are missing or could not be converted: reinstall the requirements, free the disk, start again."""


@dataclass(frozen=True, slots=True)
class SnowModel:
    """Everything ``SnowNLP(text).sentiments`` asks for, as tables.

    ``code``: character number by code point − 0x4E00. ``unigram[c, s]``: log probability of character ``c`` in state
    ``s`` where no longer n-gram is known. A pair of characters is ``pair_key`` (sorted; previous · 2¹³ + this), its
    entries ``pair_start[i]:pair_start[i+1]`` of ``pair_state`` (4·previous state + state) and ``pair_log``; a triple
    likewise, with ``triple_key`` = number of its first pair · 2¹³ + last character. ``words``: word → its logs in the
    two classes, stop words (0, 0); ``unknown``: the same for any other word; ``prior``: where the sums begin.
    Classes: neg, pos.
    """

    code: NDArray[np.uint16]
    unigram: NDArray[np.float64]
    pair_key: NDArray[np.uint32]
    pair_start: NDArray[np.int32]
    pair_state: NDArray[np.uint8]
    pair_log: NDArray[np.float64]
    triple_key: NDArray[np.uint32]
    triple_start: NDArray[np.int32]
    triple_state: NDArray[np.uint8]
    triple_log: NDArray[np.float64]
    words: Mapping[str, tuple[float, float]]
    unknown: tuple[float, float]
    prior: tuple[float, float]


def package_dir() -> Path:
    """Where SnowNLP is installed, found without importing it.

    Raises:
        ModelError: it is not installed, or not whole.
    """
    spec = importlib.util.find_spec("snownlp")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("未安装 SnowNLP，请重新安装 requirements.txt")
    folder = Path(spec.submodule_search_locations[0])
    for name in _SOURCES:
        if not (folder / name).is_file():
            raise ModelError(f"SnowNLP 缺少文件 {folder / name}，请重新安装 requirements.txt")
    return folder


def source_digest(package: Path) -> str:
    """SHA-256 over the format number and the package files the tables come from (about 30 ms)."""
    digest = hashlib.sha256(f"snow {FORMAT}\n".encode())
    for name in _SOURCES:
        digest.update(hashlib.sha256((package / name).read_bytes()).digest())
    return digest.hexdigest()


def load(cache_dir: Path) -> SnowModel:
    """The tables, from ``cache_dir`` where a sound and current cache lies there, else converted first (some 10 s).

    Safe for several processes at once: each writes a file of its own and renames it.

    Raises:
        ModelError: the package is missing, or the child failed.
    """
    package = package_dir()
    source = source_digest(package)
    path = cache_dir / "snownlp.npz"
    arrays = _read(path, source)
    if arrays is None:
        _convert_in_child(package, path)
        arrays = _read(path, source)
    if arrays is None:
        raise ModelError(f"SnowNLP 模型缓存 {path} 写入后无法通过校验，请检查磁盘")
    return _model(arrays)


def _model(arrays: Arrays) -> SnowModel:
    words = arrays["words"].tobytes().decode("utf-8").split("\n")
    logs = arrays["word_logs"].tolist()
    tables = {
        name: arrays[name]
        for name in (
            *("code", "unigram", "pair_key", "pair_start", "pair_state", "pair_log"),
            *("triple_key", "triple_start", "triple_state", "triple_log"),
        )
    }
    for table in tables.values():
        table.flags.writeable = False
    return SnowModel(
        **tables,
        words={word: (neg, pos) for word, (neg, pos) in zip(words, logs, strict=True)},
        unknown=_two(arrays["unknown"]),
        prior=_two(arrays["prior"]),
    )


def _two(array: NDArray[Any]) -> tuple[float, float]:
    neg, pos = array.tolist()
    return neg, pos


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _read(path: Path, source: str) -> Arrays | None:
    """The arrays where the file is whole and made from ``source``, else None."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        made_from, digest = str(arrays.pop("source")), str(arrays.pop("digest"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None
    if made_from != source or digest != _digest(arrays):
        return None
    return arrays


def _convert_in_child(package: Path, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file
            [sys.executable, "-P", str(Path(__file__).resolve()), str(package), str(path)],
            capture_output=True,
            text=True,
            timeout=_CHILD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"SnowNLP 模型转换未完成：{error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["无输出"])[-1]
        raise ModelError(f"SnowNLP 模型转换失败（退出码 {done.returncode}）：{last}")


# ── the child ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unmarshal(path: Path) -> dict[str, Any]:
    # marshal is SnowNLP's own format; only files of the installed package are read, and only in this child.
    data = marshal.loads(gzip.decompress(path.read_bytes()))  # noqa: S302
    if not isinstance(data, dict):
        raise ModelError(f"{path} 不是 SnowNLP 模型")
    return data


State = tuple[str, str]


class _Trigrams:
    """SnowNLP's CharacterBasedGenerativeModel, arithmetic in its very order."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.l1, self.l2, self.l3 = data["l1"], data["l2"], data["l3"]
        self.uni: dict[State, int] = data["uni"]["d"]
        self.bi: dict[tuple[State, State], int] = data["bi"]["d"]
        self.tri: dict[tuple[State, State, State], int] = data["tri"]["d"]
        self.total: float = data["uni"]["total"]

    def log_prob(self, s1: State | None, s2: State | None, s3: State) -> float:
        """``log_prob`` of the original; None stands for a state that makes the longer n-grams unseen."""
        uni = self.l1 * (float(self.uni.get(s3, 0)) / self.total)
        bi = tri = 0.0
        if s2 is not None and (seen := self.uni.get(s2, 0)):
            bi = float(self.l2 * self.bi.get((s2, s3), 0)) / seen
            if s1 is not None and (pair := self.bi.get((s1, s2), 0)):
                tri = float(self.l3 * self.tri.get((s1, s2, s3), 0)) / pair
        total = uni + bi + tri
        return math.log(total) if total else -math.inf


def convert(package: Path) -> Arrays:
    """Every table of ``SnowModel``, from the package's files."""
    model = _Trigrams(_unmarshal(package / _SOURCES[0]))
    return {**_segmenter_tables(model), **_classifier_tables(package)}


def _is_han(state: State) -> bool:
    return len(state[0]) == 1 and FIRST_HAN <= ord(state[0]) <= LAST_HAN and state[1] in STATUS


def _segmenter_tables(model: _Trigrams) -> Arrays:
    han = sorted({state[0] for state, count in model.uni.items() if _is_han(state) and count})
    number = {character: FIRST_CODE + i for i, character in enumerate(han)}
    number[""] = BOS
    if FIRST_CODE + len(han) >= 1 << CODE_BITS:
        raise ModelError("SnowNLP 模型的字数超出预期")
    status = {name: i for i, name in enumerate(STATUS)}
    status["BOS"] = 0  # the beginning has one state, kept where the first of four would be

    code = np.zeros(LAST_HAN - FIRST_HAN + 1, np.uint16)
    unigram = np.full((FIRST_CODE + len(han), 4), -math.inf)
    for character in han:
        code[ord(character) - FIRST_HAN] = number[character]
        unigram[number[character]] = [model.log_prob(None, None, (character, s)) for s in STATUS]

    # Text is cut at everything that is not Chinese before the model sees it: other states can never be asked for.
    reachable = {state for state in model.uni if _is_han(state)} | {("", "BOS")}

    pairs: dict[int, list[tuple[int, float]]] = {}
    for s2, s3 in model.bi:
        if s2 in reachable and s3 in reachable:
            key = number[s2[0]] << CODE_BITS | number[s3[0]]
            value = model.log_prob(None, s2, s3) if s3[0] else -math.inf
            pairs.setdefault(key, []).append((status[s2[1]] * 4 + status[s3[1]], value))
    pair_key = np.array(sorted(pairs), np.uint32)
    rank = {int(key): i for i, key in enumerate(pair_key)}

    triples: dict[int, list[tuple[int, float]]] = {}
    for s1, s2, s3 in model.tri:
        if s1 in reachable and s2 in reachable and s3 in reachable:
            first = rank[number[s1[0]] << CODE_BITS | number[s2[0]]]
            entry = ((status[s1[1]] * 4 + status[s2[1]]) * 4 + status[s3[1]], model.log_prob(s1, s2, s3))
            triples.setdefault(first << CODE_BITS | number[s3[0]], []).append(entry)
    triple_key = np.array(sorted(triples), np.uint32)
    return {
        "code": code,
        "unigram": unigram,
        "pair_key": pair_key,
        **_rows("pair", [pairs[int(key)] for key in pair_key]),
        "triple_key": triple_key,
        **_rows("triple", [triples[int(key)] for key in triple_key]),
    }


def _rows(name: str, rows: list[list[tuple[int, float]]]) -> Arrays:
    entries = [entry for row in rows for entry in row]
    return {
        f"{name}_start": np.cumsum([0, *map(len, rows)], dtype=np.int32),
        f"{name}_state": np.array([state for state, _ in entries], np.uint8),
        f"{name}_log": np.array([value for _, value in entries], np.float64),
    }


def _classifier_tables(package: Path) -> Arrays:
    data = _unmarshal(package / _SOURCES[1])
    if list(data["d"]) != ["neg", "pos"]:
        raise ModelError("SnowNLP 情感模型的类别与预期不符")
    classes = [data["d"][name] for name in ("neg", "pos")]
    words: dict[str, tuple[float, float]] = {}
    for word in {**classes[0]["d"], **classes[1]["d"]}:
        neg, pos = (math.log(float(c["d"].get(word, c["none"])) / c["total"]) for c in classes)
        words[word] = (neg, pos)
    with (package / _SOURCES[2]).open("rb") as raw:
        # A codecs reader, as SnowNLP has: it ends lines where str.splitlines does.
        for line in codecs.getreader("utf-8")(raw):
            words[line.strip()] = (0.0, 0.0)
    # Words never hold white space (text is split at it); what the files hold beyond that can never be asked for.
    kept = {word: logs for word, logs in words.items() if word and word.split() == [word]}
    return {
        "words": np.frombuffer("\n".join(kept).encode("utf-8"), np.uint8),
        "word_logs": np.array(list(kept.values()), np.float64),
        "unknown": np.array([math.log(float(c["none"]) / c["total"]) for c in classes]),
        "prior": np.array([math.log(c["total"]) - math.log(data["total"]) for c in classes]),
    }


def _write(arrays: Arrays, source: str, path: Path) -> None:
    """All or nothing: a temporary file beside the target, flushed to disk, then renamed over it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            seals: dict[str, Any] = {"source": np.array(source), "digest": np.array(_digest(arrays))}
            np.savez(file, **seals, **dict[str, Any](arrays))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


if __name__ == "__main__":
    gc.disable()  # millions of small objects, none of them garbage: collecting would double the time
    _package, _target = map(Path, sys.argv[1:3])
    _write(convert(_package), source_digest(_package), _target)
