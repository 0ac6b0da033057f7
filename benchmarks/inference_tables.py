"""The tables of `inference.py`: how often each kind of claim is wrong on simulated runs, as lines of Markdown."""

from finetune_report.config.comparisons import against_first
from finetune_report.stats import crossed, influence, subgroups, winners_curse
from finetune_report.stats.calibration import calibration_error
from finetune_report.stats.class_shares import class_shares
from finetune_report.stats.families import best_settings, compare_family
from finetune_report.stats.outcomes import Outcome, verdicts
from finetune_report.stats.planning import VarianceComponents, minimum_detectable

import numpy as np
from scipy.special import stdtr
from simulated_runs import (
    DIFFERENCE,
    POWER_SD,
    RARE,
    SEED_SDS,
    SEEDS,
    WORLDS,
    Array,
    Cell,
    Tally,
    World,
    blocks,
    crossed_test,
    disagree,
    draw,
    former_test,
    two_settings,
)


def percent(share: float) -> str:
    return f"{100 * share:.0f}" if share > 0.095 else f"{100 * share:.1f}"


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def header(first: list[str]) -> list[str]:
    return [row(first), "|" + "--|" * len(first)]


Cells = dict[tuple[int, int, float], Cell]


def designs(chance: np.random.Generator, repetitions: int, examples: int) -> Cells:
    """Every number of seeds and spread between seeds, for so many examples."""
    times = repetitions if examples < 2000 else max(20, repetitions // 2)
    return {
        (examples, seeds, sd): two_settings(chance, WORLDS[examples], seeds, sd, times)
        for seeds in SEEDS
        for sd in SEED_SDS
    }


def table_of_designs(cells: Cells) -> list[str]:
    """False positives, power and coverage by design."""
    worlds = [WORLDS[examples] for examples in dict.fromkeys(examples for examples, _, _ in cells)]
    lines = ["**Two settings that do not differ: share of reports in which one is said to be ahead (%)**", ""]
    lines += header(
        [
            "n",
            "seeds",
            "said of",
            *(f"sd {100 * sd:g}: former" for sd in SEED_SDS),
            *(f"sd {100 * sd:g}: now" for sd in SEED_SDS),
        ]
    )
    for world in worlds:
        for seeds in SEEDS:
            found = [cells[world.examples, seeds, sd].null for sd in SEED_SDS]
            now = [percent(tally["new"]) if seeds > 1 or not place else "refused" for place, tally in enumerate(found)]
            said = "models" if seeds == 1 else "settings"
            lines.append(row([str(world.examples), str(seeds), said, *(percent(t["former"]) for t in found), *now]))
    lines += ["", "**Coverage of the intervals (%)**: of the difference, and of a setting's own accuracy", ""]
    lines += header(
        ["n", "seeds", *(f"sd {100 * sd:g}: former" for sd in SEED_SDS), *(f"sd {100 * sd:g}: now" for sd in SEED_SDS)]
    )
    for world in worlds:
        for seeds in SEEDS:
            found = [cells[world.examples, seeds, sd].null for sd in SEED_SDS]
            former = [f"{100 * t['former_covered']:.0f}, {100 * t['former_own']:.0f}" for t in found]
            now = [f"{100 * t['covered']:.1f}, {100 * t['own']:.1f}" for t in found]
            lines.append(row([str(world.examples), str(seeds), *former, *now]))
    lines += ["", "**A difference of 2 points is there: share of reports that find it (%)**", ""]
    lines += header(["n", "seeds", *(f"sd {100 * sd:g}" for sd in SEED_SDS)])
    for world in worlds:
        for seeds in SEEDS[1:]:
            found = [cells[world.examples, seeds, sd].power for sd in SEED_SDS]
            lines.append(row([str(world.examples), str(seeds), *(f"{100 * t['new']:.0f}" for t in found)]))
    lines += ["", "**p and interval say different things (%)**, over all of these reports", ""]
    lines += header(["former", "now"])
    every = [tally for cell in cells.values() for tally in (cell.null, cell.power)]
    lines.append(row([f"{100 * np.mean([t[name] for t in every]):.1f}" for name in ("former_apart", "apart")]))
    return lines


def table_of_streams(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Which form holds where both settings use the same seeds."""
    lines = ["**The same seeds in both settings, n = 872, seed sd 1 point: false positives (%)**", ""]
    lines += header(
        [
            "correlation of the seed effects",
            *(f"{seeds} seeds: {form}" for seeds in SEEDS[1:] for form in ("as used", "paired")),
        ]
    )
    for shared in (0.0, 0.5, 0.9):
        found = []
        for seeds in SEEDS[1:]:
            tally = Tally.empty()
            for size in blocks(repetitions, 2 * 872 * seeds):
                right = draw(chance, WORLDS[872], size, (0.0, 0.0), seeds, 0.01, shared=shared).right
                tally.add(used=crossed_test(right)[1] < 0.05, paired=paired_test(right) < 0.05)
            found += [percent(tally["used"]), percent(tally["paired"])]
        lines.append(row([f"{shared:g}", *found]))
    return lines


def paired_test(right: Array) -> Array:
    """The p of the alternative: gaps by seed as one table."""
    gaps = right[:, 0] - right[:, 1]
    parts = crossed.components(gaps)
    variance = parts.examples + np.maximum(0, parts.seeds - parts.noise)
    n, seeds = gaps.shape[1:]
    df = variance**2 / (parts.seeds**2 / (seeds - 1) + parts.examples**2 / (n - 1))
    return 2 * stdtr(df, -np.abs(parts.mean) / np.sqrt(variance))


def table_of_troubles(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Runs that collapse, and examples that belong together."""
    lines = ["**Harder cases, n = 872, seed sd 0.5 points: false positives (%)**", ""]
    lines += header(["case", *(f"{seeds} seeds: {which}" for seeds in (3, 5, 10) for which in ("former", "now"))])
    found = []
    for seeds in (3, 5, 10):
        cell = two_settings(chance, WORLDS[872], seeds, 0.005, repetitions, collapse=0.1)
        found += [percent(cell.null["former"]), percent(cell.null["new"])]
    lines.append(row(["one run in ten collapses to 50%", *found]))
    found = []
    groups = np.arange(872) // 8
    for seeds in (3, 5, 10):
        tally = Tally.empty()
        for size in blocks(repetitions, 2 * 872 * seeds):
            right = draw(chance, WORLDS[872], size, (0.0, 0.0), seeds, 0.005, cluster_size=8).right
            new = np.array([crossed.difference(run[0], run[1], groups).p_value for run in right])
            tally.add(former=former_test(right)[1] < 0.05, new=new < 0.05)
        found += [percent(tally["former"]), percent(tally["new"])]
    lines.append(row(["groups of eight related examples, named as clusters", *found]))
    return lines


def table_of_families(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Several comparisons in a report."""
    lines = ["**Several settings that do not differ, n = 872, seed sd 0.5 points (sd 0 at one seed) (%)**", ""]
    lines += header(
        [
            "settings",
            "seeds",
            "some setting is said to be ahead of or behind the baseline",
            "p and interval apart: former",
            "now",
            "the best setting is ruled out as best",
        ]
    )
    for settings, seeds in ((4, 1), (4, 3), (4, 5), (16, 1), (16, 5)):
        names = [str(place) for place in range(settings)]
        tally = Tally.empty()
        for _ in range(max(20, repetitions // (3 if settings < 10 else 8))):
            drawn = draw(chance, WORLDS[872], 1, (0.0,) * settings, seeds, 0.005 if seeds > 1 else 0.0)
            scores = dict(zip(names, drawn.right[0], strict=True))
            family = compare_family(scores, against_first(names), draws=2**13)
            pairs = [(c.p_value, *c.interval) for c in family.comparisons]
            best = best_settings(scores, draws=2**12) if settings < 10 else {}
            tally.add(
                claimed=np.array([any(p < 0.05 for p, _, _ in pairs)]),
                apart=np.array([any((p < 0.05) != (low > 0 or high < 0) for p, low, high in pairs)]),
                former=np.array([holm_apart(drawn.right[0])]),
                ruled=np.array([best.get("0", 1.0) < 0.05]),
            )
        ruled = percent(tally["ruled"]) if settings < 10 else ""
        lines.append(
            row(
                [
                    str(settings),
                    str(seeds),
                    percent(tally["claimed"]),
                    percent(tally["former"]),
                    percent(tally["apart"]),
                    ruled,
                ]
            )
        )
    return lines


def holm_apart(right: Array) -> bool:
    """Whether a Holm-corrected p of the former tests and its uncorrected interval say different things."""
    found = [former_test(np.stack([right[place], right[0]])[None]) for place in range(1, len(right))]
    p = np.array([float(test[1][0]) for test in found])
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return any(bool(disagree(value, test[2], test[3])[0]) for value, test in zip(corrected, found, strict=True))


def table_of_outcomes(chance: np.random.Generator, repetitions: int) -> list[str]:
    """No difference, equivalence, and the smallest detectable difference."""
    lines = [
        '**What "no difference" was worth, and what "equivalent" within 2 points is (seed sd 0.5 points) (%)**',
        "",
    ]
    lines += header(
        [
            "n",
            "seeds",
            'former "no difference" where 2 points are there',
            '"equivalent" where 2 points are there',
            '"equivalent" where none are',
            "planned smallest detectable difference",
            "found where it is there",
        ]
    )
    for n, seeds in ((300, 1), (300, 5), (872, 1), (872, 5), (5000, 1), (5000, 5)):
        world, sd = WORLDS[n], 0.0 if seeds == 1 else POWER_SD
        planned = minimum_detectable(VarianceComponents.of_discordance(world.between, world.within, sd), n, seeds)
        shares = []
        times = max(20, repetitions // (3 if n < 2000 else 6))
        for difference, question in (
            (DIFFERENCE, "both"),
            (0.0, "equivalent"),
            (min(planned, 0.99 - world.accuracy), "found"),
        ):
            tally = Tally.empty()
            for size in blocks(times, 2 * n * seeds):
                drawn = draw(chance, world, size, (difference, 0.0), seeds, sd)
                for run in drawn.right:
                    family = compare_family({"a": run[0], "b": run[1]}, [("a", "b")])
                    outcome = verdicts(family, margin=DIFFERENCE)[0]
                    tally.add(
                        equivalent=np.array([bool(outcome.within_margin)]),
                        found=np.array([outcome.outcome in (Outcome.AHEAD, Outcome.BEHIND)]),
                    )
                if question == "both":
                    shares.append((size, float((former_test(drawn.right)[1] >= 0.05).mean())))
            if question == "both":
                none = sum(size * share for size, share in shares) / times
                both = tally["equivalent"]
            elif question == "equivalent":
                equal = tally["equivalent"]
            else:
                found = tally["found"]
        lines.append(
            row(
                [
                    str(n),
                    str(seeds),
                    percent(none),
                    percent(both),
                    percent(equal),
                    f"{100 * planned:.1f} points",
                    percent(found),
                ]
            )
        )
    return lines


def table_of_selection(chance: np.random.Generator, repetitions: int) -> list[str]:
    """The selected setting's validation accuracy, before and after correction."""
    lines = ["**The selected of settings that do not differ, n = 300, five epochs each (points of accuracy)**", ""]
    lines += header(["settings", "seeds", "validation accuracy too high by", "corrected too high by"])
    world = WORLDS[300]
    for settings, seeds in ((1, 1), (4, 1), (16, 1), (32, 1), (4, 3)):
        too_high = []
        for _ in range(max(10, repetitions // 8)):
            drawn = draw(chance, world, 1, (0.0,) * settings, 5 * seeds, 0.0)
            runs = [
                [winners_curse.of_means(setting[:, 5 * seed : 5 * seed + 5]) for seed in range(seeds)]
                for setting in drawn.right[0]
            ]
            corrected = winners_curse.correct_winner(runs, world.examples, resamples=200)
            too_high.append((corrected.score - world.accuracy, corrected.corrected - world.accuracy))
        means = 100 * np.mean(too_high, axis=0)
        lines.append(row([str(settings), str(seeds), *(f"{value:.1f}" for value in means + 0.0)]))
    return lines


def table_of_metrics(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Other metrics by influence values."""
    lines = [
        "**Other metrics, seed sd 0.5 points (0 at one seed) (%)**: false positives, coverage of the own number",
        "",
    ]
    cases = [(n, seeds) for n in (300, 872) for seeds in (1, 3, 5)]
    lines += header(["metric", *(f"n = {n}, {seeds} seeds" for n, seeds in cases)])
    kinds = ("macro_f1", "weighted_f1", "matthews", "loss", "brier", "auc", "pearson", "spearman")
    found: dict[str, list[str]] = {kind: [] for kind in kinds}
    for n, seeds in cases:
        sd = POWER_SD if seeds > 1 else 0.0
        truth = metric_truth(chance, WORLDS[n], sd, kinds)
        tally = Tally.empty()
        for _ in range(repetitions):
            labels = (chance.random(n) < RARE).astype(int)
            drawn = draw(chance, WORLDS[n], 1, (0.0, 0.0), seeds, sd)
            results = {}
            for kind in kinds:
                runs = [
                    influence.influence_values(kind, labels, predicted(kind, labels, latent))
                    for latent in drawn.latent[0]
                ]
                low, high = crossed.mean_over_seeds(runs[0]).interval()
                results[kind] = np.array([crossed.difference(runs[0], runs[1]).p_value < 0.05])
                results[kind + "_covered"] = np.array([low <= truth[kind] <= high])
            tally.add(**results)
        for kind in kinds:
            found[kind].append(f"{percent(tally[kind])}, {100 * tally[kind + '_covered']:.0f}")
    return lines + [row([kind.replace("_", " "), *cells]) for kind, cells in found.items()]


def predicted(kind: str, labels: Array, latent: Array) -> list[Array]:
    """What the runs [examples, seeds] predict: a score above 0 for class 1; turned round where the run is wrong."""
    sign = np.where(labels == 1, 1.0, -1.0)[:, None]
    scores = (latent * sign).T
    if kind in influence.OF_CLASSES:
        return list((scores > 0).astype(int))
    if kind in influence.OF_PROBABILITIES:
        chances = 1 / (1 + np.exp(-1.5 * scores.astype(float)))
        return [np.stack([1 - run, run], axis=1) for run in chances]
    return list(scores)


def metric_truth(chance: np.random.Generator, world: World, sd: float, kinds: tuple[str, ...]) -> dict[str, float]:
    """Each metric's mean over seeds on endlessly many examples: 100 runs on 5,000 examples each."""
    large = World(5000, world.accuracy, world.within, world.between)
    sums = dict.fromkeys(kinds, 0.0)
    for _ in range(100):
        labels = (chance.random(5000) < RARE).astype(int)
        latent = draw(chance, large, 1, (0.0,), 1, sd).latent[0, 0]
        for kind in kinds:
            sums[kind] += float(influence.influence_values(kind, labels, predicted(kind, labels, latent)).mean())
    return {kind: total / 100 for kind, total in sums.items()}


def table_of_the_rest(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Slices and calibration."""
    world = WORLDS[872]
    names = np.repeat(["a", "b", "c", "d", "e"], [400, 200, 150, 100, 22])
    tally = Tally.empty()
    for _ in range(repetitions):
        drawn = draw(chance, world, 1, (0.0, 0.0), 3, POWER_SD)
        right, share = drawn.right[0], float(drawn.setting_truth[0])
        labels = (chance.random(872) < RARE).astype(int)
        answered = np.where(right[0] > 0.5, labels[:, None], 1 - labels[:, None])
        rare = class_shares(labels, answered, ["common", "rare"])["rare"]
        named = RARE * share / (RARE * share + (1 - RARE) * (1 - share))  # the precision, but for the seeds' spread
        slices = subgroups.compare_slices(right[0], right[1], names)
        confidence = chance.beta(4, 1, 872) / 2 + 0.5
        answers = (chance.random(872) > confidence).astype(int)
        error = calibration_error(answers, np.stack([confidence, 1 - confidence], axis=1), draws=400)
        tally.add(
            omnibus=np.array([subgroups.differ_at_all(right[0], names, 499) < 0.05]),
            slices=np.array([any(found.p_value < 0.05 for found in slices.slices.values())]),
            calibration=np.array([error.p_value < 0.05]),
            recall=np.array([held(rare["recall_interval"], share)]),
            precision=np.array([held(rare["precision_interval"], named)]),
        )
    lines = ["**Slices and calibration, n = 872, nothing to find (%)**", ""]
    lines += header(["claim", "false"])
    lines.append(row(["slices differ (permutation test)", percent(tally["omnibus"])]))
    lines.append(row(["two settings differ within some slice", percent(tally["slices"])]))
    lines.append(row(["a calibrated model is not calibrated", percent(tally["calibration"])]))
    lines += ["", "**By class, n = 872, three seeds, three in ten of the class: coverage of the intervals (%)**", ""]
    lines += header(["precision", "recall"])
    lines.append(row([f"{100 * tally[name]:.1f}" for name in ("precision", "recall")]))
    return lines


def table_of_related(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Slices of examples that belong together, some of them in one slice as a whole."""
    world, groups = WORLDS[872], np.arange(872) // 8
    tally = Tally.empty()
    for _ in range(repetitions):
        right = draw(chance, world, 1, (0.0,), 1, 0.0, cluster_size=8).right[0, 0]
        whole, apart = chance.integers(0, 4, 109)[groups], chance.integers(0, 4, 872)
        found = {
            f"{name}_{form}": np.array([subgroups.differ_at_all(right, names, 499, of) < 0.05])
            for name, names in (("whole", whole), ("apart", apart))
            for form, of in (("known", groups), ("unknown", None))
        }
        tally.add(**found)
    lines = ["**Slices of groups of eight related examples, n = 872, nothing to find: said to differ (%)**", ""]
    lines += header(["slices", "groups named as clusters", "not named"])
    for name, label in (("whole", "each group within one"), ("apart", "across the groups")):
        lines.append(row([label, *(percent(tally[f"{name}_{form}"]) for form in ("known", "unknown"))]))
    return lines


def table_of_agreement(chance: np.random.Generator, repetitions: int) -> list[str]:
    """Settings so alike that hardly an example tells them apart."""
    world = World(300, 0.97, 0.014, 0.022)
    lines = ["**Two settings that seldom disagree, n = 300, 97% right, seed sd 0.2 points (%)**", ""]
    lines += header(
        [
            "seeds",
            "ahead, where none is",
            '"equivalent" within 2 points, where 2 points are there',
            "where none are",
            "coverage",
        ]
    )
    for seeds in (2, 3, 5):
        tallies = {}
        for truth in (0.0, DIFFERENCE):
            tally = tallies[truth] = Tally.empty()
            for size in blocks(repetitions, 2 * 300 * seeds):
                for run in draw(chance, world, size, (truth, 0.0), seeds, 0.002).right:
                    found = verdicts(compare_family({"a": run[0], "b": run[1]}, [("a", "b")]), margin=DIFFERENCE)[0]
                    tally.add(
                        ahead=np.array([found.outcome in (Outcome.AHEAD, Outcome.BEHIND)]),
                        equivalent=np.array([bool(found.within_margin)]),
                        covered=np.array([held(found.interval, truth)]),
                    )
        none, there = tallies[0.0], tallies[DIFFERENCE]
        shares = (none["ahead"], there["equivalent"], none["equivalent"])
        covered = ", ".join(f"{100 * tally['covered']:.1f}" for tally in (none, there))
        lines.append(row([str(seeds), *map(percent, shares), covered]))
    return lines


def held(interval: tuple[float, float], truth: float) -> bool:
    return interval[0] <= truth <= interval[1]
