"""Ratios of earlier benchmark runs, kept in recorded.json, and what a new run says about them."""

import json
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded.json")
TOLERANCE = 0.8  # of a recorded ratio; less is a regression


def regressions(found: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """A line for each ratio that fell by more than a fifth."""
    return [
        f"REGRESSION: {name} is {value:.2f}, recorded {recorded[name]:.2f}"
        for name, value in found.items()
        if name in recorded and value < TOLERANCE * recorded[name]
    ]


def report(benchmark: str, found: dict[str, float], record: bool) -> None:
    """Print what regressed against the recorded ratios, or record these; exits with status 1 on a regression."""
    everything = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    if record:
        everything[benchmark] = {name: round(value, 3) for name, value in found.items()}
        RECORDED.write_text(json.dumps(everything, indent=2) + "\n")
        print(f"recorded in {RECORDED}")
        return
    lines = regressions(found, everything.get(benchmark, {}))
    print("\n".join(lines) if lines else f"no ratio fell by more than a fifth ({len(found)} compared)")
    if lines:
        raise SystemExit(1)
