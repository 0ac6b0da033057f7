"""Reads the YAML of a config, and nothing that would take the reader along: endless, or endlessly deep, files."""

from pathlib import Path
from typing import Any

from finetune_report.config.json_schema import Json
from finetune_report.errors import UserError

import yaml

DEEPEST = 20  # levels; a config has six
MOST_REPEATED = 10_000  # entries that a file may stand for beyond those written in it, by YAML's aliases
LONGEST = 16_000_000  # bytes; ten thousand settings take two million
RUNS_CODE = "__use_yte__"  # has Snakemake run the Python in a file


def read_config(path: Path) -> Json:
    """The config that a file holds. Raises UserError where it cannot be read, or is no mapping of keys."""
    value = parsed(path, read_text(path))
    if not isinstance(value, dict):
        raise UserError(f"{path} holds no keys; a config has keys such as name, data, model and settings")
    if RUNS_CODE in value:
        raise UserError(f"{path}: the key '{RUNS_CODE}' has Snakemake run the Python in the file; a config may not")
    return value


def read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder; give the config file itself")
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is no regular file; give the config file itself")
        if path.is_file() and path.stat().st_size > LONGEST:
            raise UserError(f"{path} has more than {LONGEST // 10**6} million bytes; is it a config file?")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is not there; give the path of a config file, such as config.yaml") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start + 1}, 0x{error.object[error.start]:02x}, is not UTF-8; save the file as UTF-8"
        ) from None
    except ValueError as error:  # NUL in the path
        raise UserError(f"{str(path)!r} is no path of a file ({error})") from None


def parsed(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, Loader=ConfigLoader)
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{place}: is not YAML ({error.problem}); check indentation, colons and quotes") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None


class ConfigLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML's own reader takes the last in silence; and what has no end.

    Aliases (`*name`) can make a short file stand for billions of entries, and for one that contains itself.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.depth = self.entries = self.repeated = 0
        self.sizes: dict[int, int] = {}  # entries that a finished node stands for

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self.sizes:
                raise yaml.composer.ComposerError(None, None, "a value contains itself", mark)
            self.repeated += self.sizes[id(node)]
            self.entries += self.sizes[id(node)]
            if self.repeated > MOST_REPEATED:
                problem = f"aliases stand for more than {MOST_REPEATED} further entries"
                raise yaml.composer.ComposerError(None, None, problem, mark)
            return node
        if self.depth == DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"more than {DEEPEST} levels", mark)
        self.depth += 1
        before = self.entries
        node = super().compose_node(parent, index)
        self.depth -= 1
        self.entries += 1
        if node is not None:
            self.sizes[id(node)] = self.entries - before
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.composer.ComposerError(None, None, "a key must be a text", key.start_mark)
            name = self.construct_object(key)
            if name in seen:
                raise yaml.composer.ComposerError(None, None, f"the key '{name}' stands twice", key.start_mark)
            seen.add(name)
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # a date or a number that YAML knows by its form, but is none
            reason = str(error).partition(";")[0]
            raise yaml.constructor.ConstructorError(
                None, None, f"found {node.value[:20]}: {reason}", node.start_mark
            ) from None
