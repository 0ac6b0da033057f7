"""Trains only the rows of an embedding that the data use: to the others, training does nothing but weight decay."""

from collections.abc import Iterable

from finetune_report.data.examples import Examples

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel


class UsedRows(nn.Module):
    """An embedding reduced to the rows that the data use; the model still sees the vocabulary's own token ids.

    The other rows get no gradient, so that AdamW does nothing to them but weight decay, and Adam's moments stay 0.
    Leaving them out saves most of the optimizer's and the gradient's memory traffic; `full_embedding` applies that
    decay at the end.
    """

    def __init__(self, embedding: nn.Embedding, used: Iterable[int]) -> None:
        super().__init__()
        keep = set(used) | ({embedding.padding_idx} if embedding.padding_idx is not None else set())
        rows = torch.tensor(sorted(keep), device=embedding.weight.device)
        self.original = embedding
        self.original.requires_grad_(False)
        self.weight = nn.Parameter(embedding.weight.detach()[rows].clone())
        row_of = torch.full((embedding.num_embeddings,), -1, device=rows.device)
        row_of[rows] = torch.arange(len(rows), device=rows.device)
        self.rows: torch.Tensor
        self.row_of: torch.Tensor
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("row_of", row_of, persistent=False)
        self.padding_row = None if embedding.padding_idx is None else int(row_of[embedding.padding_idx])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return F.embedding(self.row_of[ids], self.weight, padding_idx=self.padding_row)

    def full_embedding(self, decay: float) -> nn.Embedding:
        """The whole embedding as training it would have left it; `decay` is the product of 1 - rate * weight decay."""
        with torch.no_grad():
            self.original.weight.mul_(decay)
            self.original.weight[self.rows] = self.weight
        return self.original


def reduce_embedding(model: PreTrainedModel, used: set[int]) -> UsedRows | None:
    """Put the rows that the data use in the place of the model's embedding; None where it has to stay whole.

    That is where it is not trained, where other layers share its weights, and where it does more than look rows up.
    """
    try:
        embedding = model.get_input_embeddings()
    except NotImplementedError:
        return None
    weights = [weight for module in model.modules() for weight in module.parameters(recurse=False)]
    if type(embedding) is not nn.Embedding or not embedding.weight.requires_grad:
        return None
    if sum(weight is embedding.weight for weight in weights) > 1:
        return None
    reduced = UsedRows(embedding, used)
    model.set_input_embeddings(reduced)
    return reduced


def used_tokens(*splits: Examples) -> set[int]:
    return {int(token) for split in splits for row in split.token_ids for token in row}
