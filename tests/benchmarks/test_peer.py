"""Trainer, beside which training is measured, is tuned in what its machine multiplies."""

import sys
from pathlib import Path

from finetune_report.model import device

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp32")])
def test_trainer_is_tuned_in_bf16_where_that_is_not_emulated(
    native: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import workers

    monkeypatch.setattr(device, "has_native_bf16", lambda name: native)
    assert workers.precision_here("auto") == precision
    assert workers.precision_here("fp32") == "fp32"
    peer = workers.Peer(ROOT / "data/reviews", 4, 8, workers.precision_here("auto"), 0)
    assert peer.options == {"bf16": native, "train_sampling_strategy": "group_by_length"}
    assert workers.Peer(ROOT / "data/reviews", 4, 8, "", 0).options == {}
