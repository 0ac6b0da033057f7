"""Throughput of this project's training compiled by `torch.compile` and not, in turns.

Prints the seconds of the first step, which compiles, with nothing compiled before; then examples a second, and a CPU
second, at batches of 20 and 100, and the ratios of the two. On a GPU the first ones count, on a CPU the second ones.
"""

import os
import tempfile
from statistics import median

from workers import Ours, Worker, asks_what_to_train

BATCHES = (20, 100)


def main() -> None:
    parser = asks_what_to_train(__doc__ or "")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    options = parser.parse_args()
    kernels = tempfile.TemporaryDirectory()  # empty, so that nothing has been compiled before; gone at the end
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = kernels.name
    common = (options.data, options.sentences, options.max_length, options.precision, options.device)
    sides = {name: Worker(Ours, *common, name == "compiled") for name in ("compiled", "not compiled")}
    for name, worker in sides.items():
        first = worker.call("first_step", BATCHES[0])
        print(f"first step, {name}: {first.wall:.1f} seconds, {first.cpu:.1f} of CPU without the compiler's processes")
    for batch in BATCHES:
        pieces = {name: [] for name in sides}
        for _ in range(options.rounds):
            for name, worker in sides.items():
                pieces[name].append(worker.call("train", batch))
        for title, taken in (("second", "wall"), ("CPU second", "cpu")):
            rates = [median(piece.amount / getattr(piece, taken) for piece in found) for found in pieces.values()]
            print(f"batch {batch}, examples a {title}: compiled {rates[0]:.1f}, not {rates[1]:.1f}, ", end="")
            print(f"ratio {rates[0] / rates[1]:.2f}", flush=True)


if __name__ == "__main__":
    main()
