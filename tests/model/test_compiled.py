"""Training through `torch.compile`: the same mathematics, the same bits after a stop, and what it needs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.model.compiled import Compiled
from finetune_report.model.device import lacks_to_compile, resolve
from finetune_report.runtime.signals import Stopped
from finetune_report.training.loop import Hyperparameters, Run
from tests.support.models import make_run, on_cpu, tiny_bert

import numpy as np
import pytest
import torch
from torch._dynamo.exc import Unsupported
from torch._inductor import cpp_builder
from torch._inductor.exc import InvalidCxxCompiler
from torch.utils import _triton as triton

ROOT = Path(__file__).resolve().parents[2]
SETTING = Hyperparameters(
    6, 5e-3, 3, 0.1, 0.2, "linear", 1.0, None, None
)  # 6 batches of 6 texts an epoch, and one of 4
STOP_AFTER = 6
LACKING = lacks_to_compile("cpu")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # PyTorch's own, in its compiler
compiles = pytest.mark.skipif(bool(LACKING), reason=f"cannot compile here: {LACKING}")


def small_run(folder: Path, compile: bool = True, dropout: float = 0.1) -> Run:
    return make_run(folder, SETTING, dropout, layers=1, compute=on_cpu(compile))


@pytest.mark.slow
@compiles
def test_compiled_losses_agree_with_those_of_the_model_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dropout; and no batch goes past the kernels that were made before the first."""
    stance = torch.compiler.set_stance
    monkeypatch.setattr(torch.compiler, "set_stance", lambda _: stance("fail_on_recompile"))
    plain = small_run(tmp_path / "plain", compile=False, dropout=0.0)
    compiled = small_run(tmp_path / "compiled", dropout=0.0)
    expected, found = plain.train(), compiled.train()
    assert compiled.forward.compiled is not None
    assert compiled.forward.compiled.ready
    assert len(found.history) == SETTING.epochs
    for ours, theirs in zip(found.history, expected.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert expected.history[0]["train_loss"] - expected.history[-1]["train_loss"] > 0.01  # it did move


@pytest.mark.slow
@compiles
def test_a_compiled_run_that_goes_on_in_another_process_ends_in_identical_bits(tmp_path: Path) -> None:
    """It goes on with an epoch's last batch, which is smaller, and has to compile all over again; with dropout."""
    with pytest.raises(Stopped):
        train(tmp_path / "broken", STOP_AFTER)
    whole = train(tmp_path / "whole")
    surroundings = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "kernels"), "PYTHONPATH": f"{ROOT}"}
    command = [sys.executable, __file__, str(tmp_path / "broken"), str(tmp_path / "end.pt")]
    subprocess.run(command, env=surroundings, check=True)
    resumed = torch.load(tmp_path / "end.pt")
    assert (whole["first step"], resumed["first step"]) == (0, STOP_AFTER)
    assert whole["history"] == resumed["history"]
    for name, weight in whole["weights"].items():
        assert torch.equal(weight, resumed["weights"][name]), name


def train(folder: Path, stop_after: int = 0) -> dict[str, Any]:
    """What a run with dropout comes to, and the step that it began with; Stopped is raised after some steps, if any."""
    run = small_run(folder)
    step, steps = run.train_step, []

    def step_then_stop(batch: np.ndarray) -> None:
        steps.append(run.state.step)
        step(batch)
        run.stop_asked = "by the test" if len(steps) == stop_after else ""

    run.train_step = step_then_stop  # type: ignore[method-assign]
    history = run.train().history
    return {"history": history, "weights": run.model.state_dict(), "first step": steps[0]}


@compiles
def test_a_single_text_goes_through_the_model_as_written(tmp_path: Path) -> None:
    """It would need kernels of its own, made when it happens to come."""
    run = small_run(tmp_path, dropout=0.0)
    run.model.train()
    several, single = run.forward(run.train_set, np.array([0, 1, 2])), run.forward(run.train_set, np.array([0]))
    assert torch.allclose(several[:1], single, atol=1e-6)


def test_what_is_missing_to_compile_is_named_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise InvalidCxxCompiler

    with monkeypatch.context() as patch:
        patch.setattr(cpp_builder, "get_cpp_compiler", none)
        with pytest.raises(UserError, match=r"compile: .* needs a C\+\+ compiler, .*; install it, or set"):
            resolve("cpu", "fp32", 1, compile=True)
        assert not resolve("cpu", "fp32", 1).compiled
    with monkeypatch.context() as patch:
        patch.setattr(cpp_builder, "get_cpp_compiler", lambda: "g++")
        patch.setattr(cpp_builder, "_get_python_include_dirs", lambda: ["nowhere"])
        with pytest.raises(UserError, match=r"needs Python's header files, and finds no nowhere/Python\.h"):
            resolve("cpu", "fp32", 1, compile=True)
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(triton, "has_triton", lambda: False)
        with pytest.raises(UserError, match=r"on a GPU torch\.compile needs Triton"):
            resolve("cuda", "fp32", 1, compile=True)


def test_a_model_that_does_not_compile_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**inputs: torch.Tensor) -> None:
        raise Unsupported("no such operator\nand much more")

    monkeypatch.setattr(torch, "compile", lambda model, **options: refuse)
    compiled = Compiled(tiny_bert(), {"input_ids": torch.tensor([[5, 6, 7]])})
    with pytest.raises(UserError, match="cannot compile BertForSequenceClassification: no such operator\n  Set"):
        compiled(input_ids=torch.tensor([[5, 6]]))


if __name__ == "__main__":
    torch.save(train(Path(sys.argv[1])), sys.argv[2])
