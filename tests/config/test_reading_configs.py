"""Whatever a config file holds, it is a config or one message: nothing hangs, nothing ends in a traceback."""

import copy
import signal
from pathlib import Path
from typing import Any

from finetune_report.cli.check import checked
from finetune_report.config.reading import DEEPEST, LONGEST, MOST_REPEATED, read_config
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import canonical_json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATIENT = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)

FILES = {
    "billion laughs": (LAUGHS, f"aliases stand for more than {MOST_REPEATED} further entries"),
    "a value within itself": ("name: &a [*a]\n", "a value contains itself"),
    "a mapping within itself": ("data: &a\n  path: *a\n", "a value contains itself"),
    "deep": ("name: " + "[" * 100_000, f"more than {DEEPEST} levels"),
    "deep mappings": ("".join(" " * n + "a:\n" for n in range(2000)), f"more than {DEEPEST} levels"),
    "many digits": ("seeds: [" + "9" * 5000 + "]\n", "found 99999999999999999999: Exceeds the limit"),
    "no date": ("name: 2020-99-99\n", "found 2020-99-99: month must be in 1..12"),
    "no time": ("name: 2020-01-01 99:00:00\n", "found 2020-01-01 99:00:00: hour must be in 0..23"),
    "a list for a key": ("? [a, b]\n: c\n", "a key must be a text"),
    "a key twice": ("name: a\nname: b\n", "the key 'name' stands twice"),
    "code": ("__use_yte__: true\nname: a\n", "has Snakemake run the Python in the file"),
    "an unknown alias": ("name: *a\n", "found undefined alias 'a'"),
    "not base64": ("name: !!binary '\u00e4'\n", "failed to convert base64"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_files_without_sense_end_in_one_message(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    signal.setitimer(signal.ITIMER_PROF, 60)  # ends this process where it would hang, by its own work alone
    try:
        with pytest.raises(UserError) as caught:
            read_config(path)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000


def test_files_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no path of a file"):
        read_config(Path("a\0b"))
    with pytest.raises(UserError, match="File name too long"):
        read_config(tmp_path / ("a" * 5000))
    with pytest.raises(UserError, match="is no regular file"):
        read_config(Path("/dev/zero"))
    (tmp_path / "large").write_bytes(bytes(LONGEST + 1))
    with pytest.raises(UserError, match="is it a config file"):
        read_config(tmp_path / "large")


def test_aliases_and_merges_that_people_write_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, y: 3}\nc: {<<: *b, z: 4}\nd: [*a, *a]\n")
    read = read_config(path)
    assert read["c"] == {"x": 1, "y": 3, "z": 4}
    assert read["d"] == [{"x": 1, "y": 2}] * 2


VALUES = {
    ".nan": ({"settings": [{"name": "a", "learning_rate": float("nan")}]}, "settings[0].learning_rate: found nan"),
    ".inf": ({"defaults": {"weight_decay": float("-inf")}}, "defaults.weight_decay: found -inf"),
    "1e999 as text": ({"settings": [{"name": "a", "learning_rate": "1e999"}]}, "learning_rate: found inf"),
    "many digits as text": ({"threads": "9" * 5000}, "threads: found '999"),
    "a large number": ({"seeds": [10**30]}, "seeds[0]: found a number of more than 18 digits"),
    "NUL": ({"data": {"path": "a\0b"}}, r"data.path: found 'a\x00b'; no text may hold the sign '\x00'"),
    "half a pair": ({"data": {"path": "\ud800"}}, r"data.path: found '\ud800'; no text may hold"),
    "a name and a line break": ({"name": "try\n"}, r"name: found 'try\n'; a name has lower-case letters"),
    "a setting's name": ({"settings": [{"name": "a\n"}]}, r"settings[0].name: found 'a\n'; a name has"),
    "a hash and a line break": ({"model": {"path": "m", "sha256": "0" * 64 + "\n"}}, "must match ^[0-9a-f]{64}$"),
    "data that are nothing": ({"data": None}, "data: found None; expected object"),
    "data that are a list": ({"data": ["path"]}, "data: found ['path']; expected object"),
    "a grid without end": (
        {
            "sweep": [
                {
                    "name": "s",
                    "method": "grid",
                    "over": {
                        name: {"values": list(range(1, 1000))}
                        for name in ("batch_size", "epochs", "patience", "clip_norm")
                    },
                }
            ]
        },
        "sweep[0].over: a grid of 996005996001 points; expected at most 10000",
    ),
    "a long list": ({"seeds": list("ab" * 5000)}, "seeds"),
}


@pytest.mark.parametrize(("changes", "message"), VALUES.values(), ids=VALUES)
def test_values_that_no_run_could_use(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        complete(copy.deepcopy(SHIPPED) | changes)
    assert message in str(caught.value)
    assert max(map(len, str(caught.value).splitlines())) < 600


def outcome(config: Any) -> None:
    """A complete config that can be written down, or a message of readable length."""
    try:
        found = complete(config)
    except UserError as error:
        said = str(error)
    else:
        said = ""
    assert max(map(len, said.splitlines()), default=0) < 2000
    if said:
        return
    canonical_json(found).encode()
    assert resolved_settings(found)
    assert complete(found) == found


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_subnormal=False)  # training elsewhere in this process rounds these to 0
    | st.text(st.characters(), max_size=8)
    | st.dates()
    | st.binary(max_size=3)
    | st.sampled_from(["1e-4", "true", "null", "accuracy", "cuda", "../x", "a", "grid", "sobol", -1, 0, 1e308])
)
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), below, max_size=3)
    ),
    max_leaves=8,
)


@PATIENT
@given(value=TREES)
def test_any_tree_is_a_config_or_a_message(value: Any) -> None:
    if isinstance(value, dict):
        outcome(value)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a tree."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [path, *(place for key, item in entries for place in places(item, (*path, key)))]


FULL = {
    "sweep": [
        {"name": "s", "method": "random", "count": 2, "over": {"learning_rate": {"range": [1e-5, 1e-3]}}},
        {
            "name": "g",
            "method": "grid",
            "over": {"epochs": {"values": [2, 3]}, "warmup": {"values": [0, 0.1]}},
        },
    ],
    "reference": [{"name": "r", "value": "winner.test.accuracy", "reported": 0.9}],
    "halving": {"rungs": [1], "keep": 0.5},
}
COMPLETE = complete(copy.deepcopy(SHIPPED) | FULL)


@PATIENT
@given(data=st.data())
def test_a_config_with_one_wrong_value_is_a_config_or_a_message(data: st.DataObject) -> None:
    config = copy.deepcopy(COMPLETE)
    *above, last = data.draw(st.sampled_from(places(config)[1:]))
    holder = config
    for step in above:
        holder = holder[step]
    holder[last] = data.draw(TREES)
    outcome(config)


YAML_SIGNS = st.sampled_from([*"[]{}:,-?*&!|>#'\"%@`~\n\t <0123456789abnxe.", "<<", "!!", "\n  ", "\0", "\u2028"])


@PATIENT
@given(text=st.lists(YAML_SIGNS, max_size=60).map("".join) | st.text(max_size=40))
def test_any_text_is_a_config_or_a_message(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        outcome(read_config(path))
    except UserError as error:
        said = str(error)
    else:
        said = str(path)
    assert said.startswith(str(path))


@PATIENT
@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_config_or_a_message(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    try:
        checked(path)
    except UserError as error:
        said = str(error)
    else:
        said = str(path)
    assert said.startswith(str(path))
