"""Loads the tokenizer of a pretrained model, and tells how many tokens the model takes."""

from pathlib import Path

from finetune_report.errors import UserError

import transformers
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase

transformers.logging.set_verbosity_error()


def load_tokenizer(folder: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
    """The model's config and its own tokenizer, fast or not. Raises UserError where transformers can load none."""
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        # Without its files transformers makes up a tokenizer that knows the special tokens and nothing else.
        if len(tokenizer) <= len(tokenizer.all_special_tokens):
            raise ValueError("no vocabulary")
    except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"model: {folder} holds no tokenizer that transformers {transformers.__version__} can load ({reason}); "
            f"add the tokenizer's files (tokenizer.json, or the vocabulary), or choose another model"
        ) from error
    return config, tokenizer


def limit_of(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens that the model takes: by its positions, and by what its tokenizer says."""
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return int(tokenizer.model_max_length)
    return min(int(tokenizer.model_max_length), positions - positions_before_first(config))


def positions_before_first(config: PretrainedConfig) -> int:
    """How many positions come before that of the first token.

    RoBERTa and its kin count positions from behind the padding's, so that 514 positions take 512 tokens.
    """
    import torch  # slow, and only needed here
    from transformers import AutoModel

    with torch.device("meta"):
        model = AutoModel.from_config(config)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            return 0 if module.padding_idx is None else module.padding_idx + 1
    return 0


def check_length(max_length: int, folder: Path, config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises UserError where texts of `max_length` tokens are more than the model has positions for."""
    positions = getattr(config, "max_position_embeddings", None) or 0
    if max_length <= min(tokenizer.model_max_length, positions - (config.pad_token_id or 0) - 1):
        return  # whatever the model does with its first positions
    limit = limit_of(config, tokenizer)
    if max_length > limit:
        raise UserError(
            f"max_length: found {max_length}, but the model in {folder} takes {limit} tokens at most; lower it"
        )


def unknown_id(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The id of unknown tokens; None where the tokenizer knows every text, as those on bytes do."""
    number = tokenizer.unk_token_id
    others = {
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
        tokenizer.pad_token_id,
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
    }
    return None if number is None or number in others else int(number)
