"""Expands the sweeps of a config into named settings: grids, and random or quasi-random samples.

A point depends on nothing but its own number (and, in a grid, its place on each axis). More points, or more values at
the end of a grid's axis, therefore leave the settings that are there as they were, with the names they had.
"""

import itertools
import math
import random
from collections.abc import Iterator
from typing import Any

from finetune_report.config.json_schema import Json, Validator

from jsonschema.exceptions import ValidationError

MOST_POINTS = 10_000  # of a grid; the schema bounds the count of a sample
DIGITS = 4  # significant digits of a sampled number: what the report prints is then exactly what was trained with


def expand(sweep: Json, definitions: Json) -> list[Json]:
    """The settings of one sweep, each with its name; `definitions` are those of the config's schema.

    A sample's settings are called `<sweep>-001` and so on, a grid's by the places of their values: `<sweep>-1-3`.
    """
    points = grid_points(sweep["over"]) if sweep["method"] == "grid" else sample_points(sweep, definitions)
    return [
        {"name": f"{sweep['name']}-{suffix}"} | sweep["fixed"] | whole_as_integers(point, definitions)
        for suffix, point in points
    ]


def grid_points(axes: Json) -> Iterator[tuple[str, Json]]:
    """Every combination of the axes' values, after the places from 1 that they stand at."""
    for places in itertools.product(*(range(len(axis["values"])) for axis in axes.values())):
        values = {name: axes[name]["values"][place] for name, place in zip(axes, places, strict=True)}
        yield "-".join(str(place + 1) for place in places), values


def sample_points(sweep: Json, definitions: Json) -> Iterator[tuple[str, Json]]:
    """The points of a sample, after their numbers from 001."""
    axes = sweep["over"]
    for number, shares in enumerate(unit_points(sweep["method"], list(axes), sweep["seed"], sweep["count"]), start=1):
        values = {
            name: placed(share, axes[name], is_whole(definitions[name]))
            for name, share in zip(axes, shares, strict=True)
        }
        yield f"{number:03d}", values


def whole_as_integers(values: Json, definitions: Json) -> Json:
    """`values` with 16.0 as 16 where a whole number is meant: the schema takes both, and a name stands for one."""
    return {
        name: int(value) if is_whole(definitions[name]) and value is not None else value
        for name, value in values.items()
    }


def unit_points(method: str, axes: list[str], seed: int, count: int) -> list[list[float]]:
    """`count` points of the unit cube; the first ones of a larger `count` are the same.

    Random points are drawn axis by axis from generators of their own, so that a further axis moves none of the others.
    Quasi-random ones are scipy's scrambled Sobol' or Halton sequences (Owen 1998, 2017).
    """
    if method == "random":
        generators = [random.Random(f"{seed}/{axis}") for axis in axes]
        return [[generator.random() for generator in generators] for _ in range(count)]
    from scipy.stats import qmc  # takes as long to import as all the rest of parsing, so only where it is asked for

    engine = {"sobol": qmc.Sobol, "halton": qmc.Halton}[method](len(axes), scramble=True, rng=seed)
    # scipy warns where the number of Sobol' points is no power of two, which a user is free to ask for.
    return engine.random(1 << (count - 1).bit_length())[:count].tolist()


def placed(share: float, axis: Json, whole: bool) -> Any:
    """What lies at `share` (0 to 1) of the way along an axis: one of its values, or a number of its range.

    Where `whole` numbers are meant, the range reaches half a number beyond its ends, so that these come up as often.
    """
    if "values" in axis:
        return axis["values"][int(share * len(axis["values"]))]
    low, high = axis["range"]
    start, end = (low - 0.5, high + 0.5) if whole else (low, high)
    if axis["scale"] == "log":
        number = math.exp(math.log(start) + share * (math.log(end) - math.log(start)))
    else:
        number = start + share * (end - start)
    number = round(number) if whole else float(f"{number:.{DIGITS}g}")
    return min(max(number, low), high)


def is_whole(definition: Json) -> bool:
    return "integer" in definition.get("type", [])


def mistakes(sweep: Json, definitions: Json) -> Iterator[ValidationError | str]:
    """What is wrong with a sweep that the schema cannot say: errors of its values with their path, or a line of text.

    The path and the text begin below the sweep.
    """
    grid = sweep["method"] == "grid"
    if grid and sweep.get("count") is not None:
        yield "count: a grid has as many points as its values give; leave count out, or take method random"
    if not grid and sweep.get("count") is None:
        yield f"count: the method {sweep['method']} needs the number of points"
    points = math.prod(len(axis.get("values", [])) for axis in sweep["over"].values())
    if grid and points > MOST_POINTS:
        yield f"over: a grid of {points} points; expected at most {MOST_POINTS}, so take method random, or fewer values"
    for twice in sorted(set(sweep["over"]) & set(sweep.get("fixed", {}))):
        yield f"fixed.{twice}: stands in over as well; leave it out of one of them"
    for name, axis in sweep["over"].items():
        yield from axis_mistakes(name, axis, definitions[name], grid)


def axis_mistakes(name: str, axis: Json, definition: Json, grid: bool) -> Iterator[ValidationError | str]:
    where = f"over.{name}"
    kind = "values" if "values" in axis else "range"
    for number, value in enumerate(axis[kind]):
        for error in Validator(definition).iter_errors(value):
            error.relative_path.extendleft([number, kind, name, "over"])
            yield error
    if kind == "values":
        return
    low, high = axis["range"]
    if grid:
        yield f"{where}: a grid needs values; found a range"
    elif any(isinstance(end, str | None) for end in (low, high)):
        yield f"{where}.range: found {axis['range']}; only numbers have a range, give values"
    elif low >= high:
        yield f"{where}.range: found {axis['range']}; the first number must be less than the second"
    elif axis.get("scale") == "log" and low <= 0:
        yield f"{where}.range: found {axis['range']}; on a log scale both must be greater than 0"
