"""The comparisons of settings that were computed beforehand, and Holm's correction over those that a document makes.

They are computed by the rule compare_settings, once for all pairs, so that an edit of the prose need not repeat them.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from finetune_report.files import read_json

SIGNIFICANCE = 0.05

Pair = tuple[str, str, str]


@dataclass(frozen=True)
class Comparison:
    """Setting `a` against setting `b` on the validation set.

    `difference` is a's mean metric minus b's, `interval` its 95% interval, `p` two-sided; `only_a` and `only_b` count
    the examples that just one of them has right (None where the test does not rest on them).
    """

    a: str
    b: str
    metric: str
    test: str
    examples: int
    seeds: int
    difference: float
    interval: tuple[float, float]
    p: float
    only_a: int | None = None
    only_b: int | None = None

    def turned(self) -> "Comparison":
        """The same with `a` and `b` in each other's place."""
        low, high = self.interval  # taken from 0, since a negated 0 prints a minus sign
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=0.0 - self.difference,
            interval=(0.0 - high, 0.0 - low),
            only_a=self.only_b,
            only_b=self.only_a,
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"interval": list(self.interval)}


def read_comparisons(path: Path) -> list[Comparison]:
    """What compare_settings wrote."""
    rows = read_json(path)["comparisons"]
    return [Comparison(**(row | {"interval": tuple(row["interval"])})) for row in rows]


class Family:
    """The comparisons that one document makes; each p is corrected for all of them.

    Which ones it makes is known only once it has been filled in, and what is printed may depend on the corrected p. So
    a document is filled in until a pass makes no comparison that the correction did not count; `settle` ends a pass.
    """

    def __init__(self, comparisons: list[Comparison]) -> None:
        self.known: dict[Pair, Comparison] = {}
        self.places: dict[Pair, int] = {}
        for place, comparison in enumerate(comparisons):
            for way in (comparison, comparison.turned()):
                self.known[way.a, way.b, way.metric] = way
                self.places[way.a, way.b, way.metric] = place
        self.counted: list[Pair] = []
        self.made: list[Pair] = []

    def knows(self, a: str, b: str, metric: str = "accuracy") -> bool:
        return (a, b, metric) in self.known

    def make(self, a: str, b: str, metric: str = "accuracy") -> Comparison:
        """The comparison of two settings, which from now on belongs to the document. Raises KeyError on another."""
        pair = self.one_way(a, b, metric)
        if pair not in self.made:
            self.made.append(pair)
        return self.known[a, b, metric]

    def place(self, a: str, b: str, metric: str) -> int:
        """Where in the file of comparisons it stands."""
        return self.places[a, b, metric]

    def corrected(self, comparison: Comparison) -> float:
        """Its p, corrected over the comparisons counted so far; as it is where it is not yet one of them."""
        pair = self.one_way(comparison.a, comparison.b, comparison.metric)
        if pair not in self.counted:
            return comparison.p
        return holm([self.known[other].p for other in self.counted])[self.counted.index(pair)]

    def settle(self) -> bool:
        """Count the comparisons of this pass; False where some are new and the document has to be filled in again."""
        new = [pair for pair in self.made if pair not in self.counted]
        self.counted += new
        return not new

    def as_json(self) -> list[dict[str, object]]:
        """The comparisons counted, each with its corrected p."""
        made = [self.known[pair] for pair in self.counted]
        return [comparison.as_json() | {"corrected_p": self.corrected(comparison)} for comparison in made]

    def one_way(self, a: str, b: str, metric: str) -> Pair:
        if (a, b, metric) not in self.known:
            raise KeyError((a, b, metric))
        return (*sorted((a, b)), metric)  # type: ignore[return-value]


def holm(p_values: list[float]) -> list[float]:
    """Step-down corrected p-values (Holm 1979).

    The same as `statsmodels.stats.multitest.multipletests(method="holm")`, which takes more than a second to import.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(order) - rank)))
        corrected[index] = highest
    return corrected
