"""Throughput of this project's training against `transformers.Trainer` in the same environment, in turns.

Prints examples a second and an examples a CPU second, and their ratios, at batches of 5, 20 and 100, for a
sweep (batches of 20, 5, 20 and 100), and for measuring a split; and the share of the machine's matrix
products that training reaches. Compares the ratios with those recorded: `python benchmarks/training.py --help`.
"""

from statistics import median

from records import report
from workers import CORES, Ours, Peer, Piece, Worker, asks_what_to_train, precision_here, read_split, tokenized

BATCHES = (5, 20, 100)
SWEEP = (20, 5, 20, 100)  # the settings' batch sizes; each sees as many examples
PARAMETERS = 6 * (4 * 384 * 384 + 2 * 384 * 1536)  # of MiniLM's matrices that every token meets


def main() -> None:
    parser = asks_what_to_train(__doc__ or "")
    parser.add_argument("--peer-threads", type=int, default=0, help="Trainer's threads; 0 leaves it its default")
    parser.add_argument("--record", action="store_true", help="keep the ratios as those to compare with")
    options = parser.parse_args()
    common = (options.data, options.sentences, options.max_length)
    precision = precision_here(options.precision)
    print(f"{precision}: ours and Trainer, tuned; Trainer with its defaults is in fp32")
    sides = {
        "ours": [Worker(Ours, *common, precision) for _ in range(CORES)],
        "trainer": [Worker(Peer, *common, "", options.peer_threads)],
        "tuned": [Worker(Peer, *common, precision, options.peer_threads)],
    }
    tasks = [("train", batch) for batch in BATCHES] + [("evaluate",)]
    found: dict[tuple[str, int | str], list[Piece]] = {}
    for _ in range(options.rounds):
        for method, *values in tasks:
            for side, workers in sides.items():
                name = values[0] if values else method
                found.setdefault((side, name), []).append(together(workers, method, *values))
    kinds = ["float32", *(["bfloat16"] if precision == "bf16" else [])]
    limits = {kind: sides["ours"][0].call("limit", kind) for kind in kinds}
    tokens = tokenized(read_split(options.data, "train", options.sentences)[0], options.max_length)
    show(found, limits, sum(map(len, tokens)) / len(tokens), precision, options.record)


def together(workers: list[Worker], method: str, *values: int) -> Piece:
    """One measurement of a side with all its processes at once."""
    for worker in workers:
        worker.start(method, *values)
    pieces = [worker.result() for worker in workers]
    return Piece(sum(p.amount for p in pieces), max(p.wall for p in pieces), sum(p.cpu for p in pieces))


def show(
    found: dict[tuple[str, int | str], list[Piece]],
    limits: dict[str, Piece],
    tokens: float,
    precision: str,
    record: bool,
) -> None:
    wall = {key: median(piece.amount / piece.wall for piece in pieces) for key, pieces in found.items()}
    cpu = {key: median(piece.amount / piece.cpu for piece in pieces) for key, pieces in found.items()}
    for rates in (wall, cpu):
        for side in ("ours", "trainer", "tuned"):
            rates[side, "sweep"] = len(SWEEP) / sum(1 / rates[side, batch] for batch in SWEEP)
    ratios = {}
    for title, rates in (("second", wall), ("CPU second", cpu)):
        print(f"\nExamples a {title}, {CORES} cores")
        print(f"{'':>10} {'ours':>8} {'Trainer':>8} {'tuned':>8} {'to Trainer':>11} {'to tuned':>9}")
        for task in (*BATCHES, "sweep", "evaluate"):
            ours, peer, tuned = (rates[side, task] for side in ("ours", "trainer", "tuned"))
            print(f"{task:>10} {ours:8.1f} {peer:8.1f} {tuned:8.1f} {ours / peer:11.2f} {ours / tuned:9.2f}")
            ratios |= {f"{title}, {task}, to trainer": ours / peer, f"{title}, {task}, to tuned": ours / tuned}
    operations = 6 * PARAMETERS * tokens * cpu["ours", 100]
    print(f"\n{tokens:.1f} tokens a text; training takes {6 * PARAMETERS / 1e6:.0f} MFLOP a token.")
    for kind, piece in limits.items():
        limit = piece.amount / piece.cpu
        print(f"{kind}: {limit / 1e9:.0f} GFLOP/s on a core; training at batch 100: {operations / limit:.0%} of it")
    kind, piece = list(limits.items())[-1]  # what training multiplies in
    ratios[f"share of the {kind} limit"] = operations / (piece.amount / piece.cpu)
    benchmark = "training" if precision == "bf16" else f"training in {precision}"  # another kind of machine
    report(benchmark, {name: value for name, value in ratios.items() if not name.startswith("second")}, record)


if __name__ == "__main__":
    main()
