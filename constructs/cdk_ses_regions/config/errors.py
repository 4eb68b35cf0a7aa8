"""Reads the configuration's YAML, and keeps where each key stands: a problem says its line and column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cdk_ses_regions.errors import ConfigError, Problem

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"

Location = tuple[int | str, ...]
"""Where a value is: keys of mappings and positions in lists, from the outermost."""


@dataclass(frozen=True)
class Document:
    """A YAML document: its plain data, and its nodes with their places.

    Attributes:
        file: The file, as the user named it.
        data: The data, dictionaries and lists of plain values.
        root: The root node.
        problems: What is wrong with the keys as such: one given twice, one that is no text.
    """

    file: str
    data: Any
    root: Node
    problems: tuple[Problem, ...]

    def problem(self, location: Location, message: str, *, at_key: bool = False) -> Problem:
        """Return the problem of the value at `location`; `at_key` points to the key instead of its value."""
        key, value = self._find(location)
        return _at(self.file, key if at_key and key is not None else value, location, message)

    def source(self, location: Location) -> str | None:
        """Return the scalar at `location` as it is written in the file, if it stands there without quotes."""
        _, value = self._find(location)
        return value.value if isinstance(value, ScalarNode) and value.style is None else None

    def _find(self, location: Location) -> tuple[Node | None, Node]:
        """Return the key node and the value node at `location`, or the nearest around it (a missing key)."""
        key: Node | None = None
        value = self.root
        for part in location:
            found = _child(value, part)
            if found is None:
                break
            key, value = found
        return key, value


def parse(path: Path) -> Document:
    """Read the YAML file at `path`.

    Raises:
        ConfigError: The file is missing, unreadable, empty, no UTF-8 or no YAML.
    """
    file = str(path)
    text = _read(path)
    try:
        root, problems, data = _load(file, text)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax_problem(file, text, error)]) from None
    except RecursionError:
        raise ConfigError([Problem(file=file, message="the YAML is nested too deeply")]) from None
    except ValueError as error:  # a tag that its text does not fit: !!int abc
        raise ConfigError(
            [Problem(file=file, message=f"a value does not fit its YAML type: {error}")]
        ) from None
    if root is None or data is None:
        raise ConfigError(
            [Problem(file=file, message="the configuration is empty; it needs at least regions and domains")]
        )
    return Document(file=file, data=data, root=root, problems=problems)


def explain(document: Document, error: Mapping[str, Any], *, known_keys: Iterable[str]) -> Problem:
    """Return one error of pydantic in this package's words.

    Args:
        document: The document that was validated.
        error: One entry of `ValidationError.errors()`.
        known_keys: The keys allowed beside an unknown one.
    """
    location: Location = error["loc"]
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    given = error["input"]
    match kind:
        case "settings":
            # The rules say whether the mistake is in the key itself (a bad tag name) or in its value.
            return document.problem(location, context["reason"], at_key=context["at_key"])
        case "extra_forbidden":
            message = unknown_key(str(location[-1]), known_keys)
            return document.problem(location, message, at_key=True)
        case "missing":
            return document.problem(location, "is missing; write it here")
        case "string_type":
            return document.problem(location, _no_text(document, location, given))
        case "bool_type":
            message = f"must be true or false, not {_shown(given)}"
        case "int_type":
            message = f"must be a whole number, not {_shown(given)}"
        case "greater_than_equal":
            message = f"must be at least {context['ge']}, not {_shown(given)}"
        case "less_than_equal":
            message = f"must be at most {context['le']}, not {_shown(given)}"
        case "literal_error":
            message = f"must be one of {context['expected']}, not {_shown(given)}"
        case "tuple_type":
            single = f"; write [{given}]" if isinstance(given, str) else ""
            message = f"must be a list, not {_shown(given)}{single}"
        case "too_short":
            message = "may not be empty; give at least one"
        case "model_type" | "dict_type" | "model_attributes_type":
            message = f"must be a mapping (key: value lines), not {_shown(given)}"
        case _:
            message = str(error["msg"])
    return document.problem(location, message)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return the message for a key that nobody knows, with the nearest known one."""
    allowed = sorted(known)
    near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key; allowed here are {', '.join(allowed)}{hint}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file; create it, or name another with --config (cdk: -c config=FILE)"
    except IsADirectoryError:
        message = "is a folder; name the file in it"
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    raise ConfigError([Problem(file=str(path), message=message)])


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which leaves dates as text: nothing in the configuration is a date."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _load(file: str, text: str) -> tuple[Node | None, tuple[Problem, ...], Any]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, (), None
        problems = tuple(_key_problems(file, root))
        data: Any = cast("Any", loader).construct_document(root)  # untyped in the stubs
        return root, problems, data
    finally:
        loader.dispose()


def _syntax_problem(file: str, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        context = f" ({error.context})" if error.context else ""
        return Problem(
            file=file,
            line=mark.line + 1,
            column=mark.column + 1,
            message=f"YAML syntax error: {error.problem}{context}",
        )
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        return Problem(
            file=file,
            line=before.count("\n") + 1,
            column=len(before) - (before.rfind("\n") + 1) + 1,
            message=f"YAML syntax error: character U+{ord(text[error.position]):04X} is not allowed",
        )
    return Problem(file=file, message=f"YAML syntax error: {error}")


def _key_problems(file: str, root: Node) -> Iterator[Problem]:
    """Yield each key that a mapping has twice (YAML would silently keep the last), or that is no text.

    A key that is no text (`on:` is a boolean) is made one, so that its value is checked like any other.
    """
    pending: list[tuple[Location, Node]] = [((), root)]
    seen: set[int] = set()  # anchors make nodes shared, even recursive
    while pending:
        location, node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            pending.extend(((*location, place), item) for place, item in enumerate(node.value))
        elif isinstance(node, MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                if not isinstance(key, ScalarNode):  # the loader refuses it, with its place
                    continue
                name = str(key.value)
                if key.tag == _MERGE:
                    pending.append((location, value))
                    continue
                if key.tag != _TEXT:
                    key.tag = _TEXT
                    yield _at(file, key, (*location, name), f'key must be quoted; write "{name}"')
                if name in lines:
                    message = f"is given twice, first in line {lines[name]}; keep one"
                    yield _at(file, key, (*location, name), message)
                lines.setdefault(name, key.start_mark.line + 1)
                pending.append(((*location, name), value))


def _at(file: str, node: Node, location: Location, message: str) -> Problem:
    return Problem(
        file=file,
        line=node.start_mark.line + 1,
        column=node.start_mark.column + 1,
        key=".".join(str(part) for part in location),
        message=message,
    )


def _child(node: Node, part: int | str) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key, value
        for key, value in node.value:
            if key.tag == _MERGE:
                sources = value.value if isinstance(value, SequenceNode) else [value]
                for source in sources:
                    if (found := _child(source, part)) is not None:
                        return found
    return None


def _no_text(document: Document, location: Location, given: Any) -> str:
    written = document.source(location)
    if written is None or isinstance(given, (list, dict)):
        return f"must be text, not {_shown(given)}"
    if given is None:
        return "has no value; write one, or leave the key out"
    if isinstance(given, int) and re.fullmatch(r"[-+]?0[0-7_]+", written):
        return f'must be quoted: YAML reads {written} as the octal number {given}; write "{written}"'
    return f'must be quoted: YAML reads {written} as {_kind(given)}; write "{written}"'


def _kind(given: Any) -> str:
    return (
        f"the number {given}"
        if isinstance(given, (int, float)) and not isinstance(given, bool)
        else _shown(given)
    )


def _shown(given: Any) -> str:
    match given:
        case None:
            return "nothing"
        case bool():
            return "true" if given else "false"
        case int() | float():
            return str(given)
        case str():
            return repr(given if len(given) <= 60 else given[:57] + "...")
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a {type(given).__name__}"
