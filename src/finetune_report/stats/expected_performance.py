"""What a search over settings is worth: the best that so many of them are expected to give."""


def expected_best(scores: list[float], lower_is_better: bool = False) -> list[dict[str, float]]:
    """The best of n settings drawn at random, for n from 1 to all: its mean and standard deviation.

    `scores` has the validation performance of each setting that was tried. The draws are from their empirical
    distribution, with replacement (Dodge et al. 2019, equation 3): the best of n is at most the i-th smallest of N
    scores with probability (i/N)^n.
    """
    ordered = sorted(scores, reverse=lower_is_better)
    count = len(ordered)
    rows = []
    for draws in range(1, count + 1):
        weights = [(place / count) ** draws - ((place - 1) / count) ** draws for place in range(1, count + 1)]
        mean = sum(weight * score for weight, score in zip(weights, ordered, strict=True))
        variance = sum(weight * (score - mean) ** 2 for weight, score in zip(weights, ordered, strict=True))
        rows.append({"settings": draws, "mean": mean, "sd": variance**0.5})
    return rows
