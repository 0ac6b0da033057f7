"""The learning rate as a function of the step: nothing to store, nothing to restore."""

import math


def learning_rate(step: int, steps: int, peak: float, warmup: float, schedule: str) -> float:
    """The rate of optimizer step `step` (from 0) of `steps`: rises linearly over the share `warmup`, then falls.

    `linear` falls to 0, `cosine` along half a cosine to 0, `constant` not at all; the same shapes as
    `transformers.get_scheduler` gives them.
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return peak * step / max(1, rising)
    if schedule == "constant":
        return peak
    share = (step - rising) / max(1, steps - rising)
    return peak * (1 - share if schedule == "linear" else 0.5 * (1 + math.cos(math.pi * share)))


def decay_product(steps: int, planned: int, peak: float, warmup: float, schedule: str, weight_decay: float) -> float:
    """What AdamW's decoupled weight decay alone leaves of a weight after the first `steps` of `planned` steps."""
    rates = (learning_rate(step, planned, peak, warmup, schedule) for step in range(steps))
    return math.prod(1 - rate * weight_decay for rate in rates)
