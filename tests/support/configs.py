"""A config with no more than it needs."""

from typing import Any


def minimal(**changes: Any) -> dict[str, Any]:
    """Two settings, of which the first is the baseline; `changes` replace its keys."""
    config = {
        "name": "try",
        "data": {"path": "data"},
        "model": {"path": "model"},
        "settings": [{"name": "baseline"}, {"name": "other", "batch_size": 5}],
    }
    return config | changes
