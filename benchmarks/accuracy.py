"""Whether faster training ends elsewhere: validation accuracy of this project and of `transformers.Trainer`, by seed.

Both train the same sentences with the same setting (batches of 20, a rate of 1e-4, a linear schedule with warm-up) and
differ in precision, order and dropout only. Prints each seed's accuracy, the means, and the 95% interval of Trainer's
mean over so many sentences; exits with status 1 where ours lies outside.
"""

import argparse
from pathlib import Path
from statistics import fmean

from workers import Ours, Peer, Worker

BATCH = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/reviews"), help="folder of the splits")
    parser.add_argument("--sentences", type=int, default=1600, help="drawn from the training split")
    parser.add_argument("--max-length", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--precision", choices=["auto", "bf16", "fp32"], default="auto")
    options = parser.parse_args()
    common = (options.data, options.sentences, options.max_length)
    sides = {"ours": Worker(Ours, *common, options.precision), "Trainer": Worker(Peer, *common, "", 0)}
    means = {}
    for side, worker in sides.items():
        found = [worker.call("accuracy", BATCH, options.epochs, seed) for seed in options.seeds]
        means[side] = fmean(found)
        print(f"{side:>8}  mean {means[side]:.4f}  by seed {', '.join(f'{x:.4f}' for x in found)}", flush=True)
    count = sides["ours"].call("held_out")
    from finetune_report.stats.intervals import wilson_interval

    low, high = wilson_interval(means["Trainer"] * count, count)
    inside = low <= means["ours"] <= high
    print(f"Trainer's 95% interval, of {count} sentences: {low:.4f} to {high:.4f}")
    print(f"Ours lies {'inside' if inside else 'outside'}.")
    if not inside:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
