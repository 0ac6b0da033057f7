"""How long texts are in the tokens of a model, and how many of the tokens it does not know."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.data.locations import package_folder
from finetune_report.errors import UserError

MANY = 0.1  # the share of texts that are cut, or of tokens that are unknown, above which a person is warned
LENGTHS = (32, 64, 128, 256, 512)
TOKENS_PER_WORD, CHARACTERS_PER_TOKEN = 1.5, 3


@dataclass(frozen=True)
class TokenFacts:
    """`exact` where the model's own tokenizer counted; `cut` and `unknown` are shares of texts and of tokens."""

    longest: int
    max_length: int
    cut: float
    unknown: float
    exact: bool


def token_facts(sample: list[tuple[str, str | None]], model: dict[str, Any]) -> TokenFacts:
    """Lengths of a sample, and the shortest usual `max_length` that truncates none, as far as the model allows."""
    folder = local_folder(model)
    counted = counts(sample, folder) if folder is not None else None
    if counted is None:
        lengths = [estimate(text) + estimate(pair or "") + 3 for text, pair in sample]
        limit, unknown = LENGTHS[-1], 0.0
    else:
        lengths, limit, unknown = counted
    longest = max(lengths)
    enough = [length for length in LENGTHS if longest <= length <= limit]
    chosen = enough[0] if enough else min(LENGTHS[-1], limit)
    cut = sum(length > chosen for length in lengths) / len(lengths)
    return TokenFacts(longest, chosen, cut, unknown, counted is not None)


def token_warnings(cut: float, unknown: float, max_length: int) -> list[str]:
    """What to warn of, of the shares of truncated texts and of unknown tokens."""
    found = []
    if cut > MANY:
        found.append(f"{cut:.0%} of the texts are longer than {max_length} tokens and truncated; raise max_length")
    if unknown > MANY:
        found.append(
            f"the model does not know {unknown:.0%} of the tokens: it was made for another language or script; choose "
            f"another model"
        )
    return found


def warnings_on(sample: list[tuple[str, str | None]], folder: Path, max_length: int) -> list[str]:
    """What to warn of, judged by a sample of the texts; nothing where no tokenizer loads."""
    counted = counts(sample, folder)
    if counted is None:
        return []
    lengths, _, unknown = counted
    return token_warnings(sum(length > max_length for length in lengths) / len(lengths), unknown, max_length)


def estimate(text: str) -> int:
    """Tokens of a text by its words, or by its characters where it has few spaces."""
    return round(max(len(text.split()) * TOKENS_PER_WORD, len(text) / CHARACTERS_PER_TOKEN / 2))


def local_folder(model: dict[str, Any]) -> Path | None:
    """Where the model's files are, if no download is needed."""
    if "path" in model:
        return Path(model["path"]).expanduser()
    if "package" in model:
        return package_folder(model["package"]) / model.get("folder", "model")
    return None


def counts(sample: list[tuple[str, str | None]], folder: Path) -> tuple[list[int], int, float] | None:
    """Tokens of each text, the model's limit, and the share of unknown tokens; None where no tokenizer loads."""
    from finetune_report.model.tokenization import limit_of, load_tokenizer, unknown_id

    try:
        config, tokenizer = load_tokenizer(folder)
    except UserError as error:
        logging.warning("%s", error)
        return None
    texts = [text for text, _ in sample]
    pairs = [[pair or "" for _, pair in sample]] if any(pair is not None for _, pair in sample) else []
    rows = tokenizer(texts, *pairs, verbose=False)["input_ids"]
    unknown = unknown_id(tokenizer)
    total = sum(map(len, rows)) - len(rows) * tokenizer.num_special_tokens_to_add(pair=bool(pairs))
    share = sum(row.count(unknown) for row in rows) / max(1, total) if unknown is not None else 0.0
    return list(map(len, rows)), limit_of(config, tokenizer), share
