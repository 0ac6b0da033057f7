"""What makes a result current, and that no damage to its record can make it so, or stop anything."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finetune_report.provenance.currency import Currency, Differences
from finetune_report.provenance.records import Made, Record, examine, parameters, record, record_of, verify

import pytest

RESULTS = Path("results/small")
SOURCE = Path("mine.csv")
ROWS = RESULTS / "data" / "rows.txt"
MODEL = RESULTS / "model"
OUT = RESULTS / "out.json"
PARAMS = {"spec": json.dumps({"rate": 0.1, "sizes": [1, 2], "plan": {"seed": 1}}), "stamp": "code:1 torch==2"}
INPUTS = {"rows": [ROWS], "both": [MODEL, SOURCE]}


def make(path: Path, write: Callable[[Path], Any], params: dict[str, str], inputs: dict[str, list[Path]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path)
    record([path], Made("a job", parameters(params), *verify(inputs)))


def write_model(path: Path) -> None:
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "weights").write_bytes(bytes(100))


@pytest.fixture(autouse=True)
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result of two others, one of them a folder, and of a file of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda opened: None)  # a thousand of them take a while
    SOURCE.write_text("a,b\n")
    make(ROWS, lambda path: path.write_text("rows\n"), {}, {})
    make(MODEL, write_model, {}, {})
    make(OUT, lambda path: path.write_text("{}"), PARAMS, INPUTS)


def found(params: dict[str, str] = PARAMS, inputs: dict[str, list[Path]] = INPUTS, change: bool = False) -> Differences:
    return Currency(examine(RESULTS, change)).differences([OUT], params, inputs)


def test_what_was_made_from_the_same_is_current() -> None:
    assert not found()
    os.utime(SOURCE, ns=(0, 0))
    os.utime(ROWS)
    os.utime(OUT, ns=(0, 0))
    assert not found()
    assert not found(params=PARAMS | {"spec": json.dumps(dict(reversed(json.loads(PARAMS["spec"]).items())))})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"rate": 0.2, "sizes": [1, 2], "plan": {"seed": 1}}, ["spec.rate was 0.1, is 0.2"]),
        ({"rate": 0.1, "sizes": [2, 1], "plan": {"seed": 1}}, ["spec.sizes was [1, 2], is [2, 1]"]),
        ({"rate": 0.1, "sizes": [1, 2], "plan": {"seed": True}}, ["spec.plan.seed was 1, is true"]),
        ({"rate": 0.1, "sizes": [1, 2], "plan": {}, "more": 1}, ["spec.plan.seed is gone", "spec.more is new"]),
    ],
)
def test_another_parameter_is_named(spec: dict[str, Any], said: list[str]) -> None:
    assert found(params=PARAMS | {"spec": json.dumps(spec)}) == Differences(others=said)


def test_other_code_is_named() -> None:
    said = 'stamp was "code:1 torch==2", is "code:2 torch==2"'
    assert found(params=PARAMS | {"stamp": "code:2 torch==2"}).others == [said]
    assert found(params={"spec": PARAMS["spec"]}).others == ["stamp is gone"]


def test_other_inputs_are_named() -> None:
    assert found(inputs=INPUTS | {"both": [SOURCE, MODEL]}).others == ["other inputs 'both' (in another order)"]
    assert found(inputs={"rows": [MODEL], "both": [ROWS, SOURCE]})
    said = [f"other inputs 'rows' ({ROWS} is gone)", f"other inputs 'row' ({ROWS} is new)"]
    assert found(inputs={"row": [ROWS], "both": [MODEL, SOURCE]}).others == said


def test_an_input_that_holds_something_else_is_named_whatever_its_time() -> None:
    before = SOURCE.stat()
    SOURCE.write_text("a,c!\n")
    os.utime(SOURCE, ns=(0, 0))
    assert found() == Differences(inputs=[str(SOURCE)])
    SOURCE.write_text("a,b\n")
    os.utime(SOURCE, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not found()
    shutil.rmtree(MODEL)
    make(MODEL, lambda path: (write_model(path), (path / "weights").write_bytes(b"other")), {}, {})
    assert found() == Differences(inputs=[str(MODEL)])


def test_what_is_gone_is_named() -> None:
    OUT.unlink()
    assert found().missing == [str(OUT)]
    make(OUT, lambda path: path.write_text("{}"), PARAMS, INPUTS)
    (MODEL / "weights").unlink()
    assert Currency(examine(RESULTS, change=False)).differences([MODEL], {}, {}).missing == [str(MODEL)]


def test_touched_files_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(OUT, ns=(1, 1))
    assert not found(change=True)
    monkeypatch.setattr("finetune_report.provenance.records.sha256", lambda path: pytest.fail(f"{path} was read"))
    assert not found(change=True)


def test_after_a_loss_of_power_size_and_time_are_not_believed() -> None:
    before = OUT.stat()
    OUT.write_bytes(bytes(2))
    os.utime(OUT, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert isinstance(examine(RESULTS, False)[OUT], Record)
    assert isinstance(examine(RESULTS, False, since=before.st_mtime_ns + 1)[OUT], Record)
    assert str(examine(RESULTS, False, since=before.st_mtime_ns)[OUT]).startswith(f"{OUT} has the SHA-256 ")


def every_other_type(value: Any) -> list[Any]:
    return [other for other in (None, True, 7, 0.5, "x", [], {}, [{}], {"": ""}) if type(other) is not type(value)]


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a JSON value, itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [here, *(place for key, each in inner for place in places(each, (*here, key)))]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = replaced(copy[place[0]], place[1:], new) if place[1:] else new
    return copy


def without(value: Any, place: tuple[Any, ...]) -> Any:
    copy = value.copy()
    if len(place) > 1:
        copy[place[0]] = without(copy[place[0]], place[1:])
    else:
        del copy[place[0]]
    return copy


def kinds_of_damage(content: bytes) -> list[bytes]:
    """Cuts, zeros, flips, and every value of the record by every other type, missing, or beside one more."""
    chance, value = random.Random(0), json.loads(content)
    raw = [content[:size] for size in range(0, len(content) - 1, 7)]
    raw += [bytes(len(content)), bytes(4096), content + bytes(10), content + content, b"\xff" + content, b"[" * 100_000]
    for _ in range(200):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        raw.append(bytes(damaged))
    values = [replaced(value, place, other) for place in places(value) for other in every_other_type(value)]
    values += [without(value, place) for place in places(value) if place]
    values += [value | {"more": 1}, replaced(value, ("made", "more"), 1), replaced(value, ("files", ""), {"size": 2})]
    return [each for each in raw + [json.dumps(each).encode() for each in values] if each != content]


def harmless(damaged: bytes, content: bytes) -> bool:
    """Whether a damaged record still says what makes a result current: the label of the job and times do not matter."""

    def core(text: bytes) -> Any:
        value = json.loads(text)
        entries = [*value["files"].values(), *value["made"]["sources"].values()]
        return [value["made"]["params"], value["made"]["inputs"], [each["sha256"] for each in entries]]

    try:
        return json.dumps(core(damaged)) == json.dumps(core(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def test_no_damage_to_a_record_makes_a_result_current_or_stops_anything(caplog: pytest.LogCaptureFixture) -> None:
    place = record_of(OUT)
    assert place is not None
    content = place.read_bytes()
    damages = kinds_of_damage(content)
    assert len(damages) > 400
    for damaged in damages:
        place.write_bytes(damaged)
        OUT.write_text("{}")
        assert found() or harmless(damaged, content), damaged[:500]
        caplog.clear()
        if found(change=True):
            assert any(str(OUT) in message for message in caplog.messages) or OUT.exists(), damaged[:500]
        place.parent.mkdir(exist_ok=True)


def test_a_lost_record_and_a_folder_in_its_place_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    place = record_of(OUT)
    assert place is not None
    place.unlink()
    assert found().others == [f"{OUT}: it has no record of what made it"]
    place.mkdir()
    (place / "x").write_text("")
    assert found().missing == [str(OUT)]
    caplog.clear()
    examine(RESULTS, change=True)
    kept = Path(f"{OUT}.damaged")
    said = f"{OUT}: its record {place} cannot be read (Is a directory); not used, but made again"
    assert caplog.messages == [f"{said} (the damaged one is kept at {kept})"]
    assert kept.read_text() == "{}"
    assert not place.exists()
    make(OUT, lambda path: path.write_text("{}"), PARAMS, INPUTS)
    assert not found()


def test_a_record_is_read_as_it_was_written() -> None:
    known = examine(RESULTS, change=False)[OUT]
    assert isinstance(known, Record)
    assert known.made.inputs.keys() == INPUTS.keys()
    assert known.made.sources.keys() == {str(SOURCE)}
    assert known.made.params["spec"]["rate"] == 0.1
