"""Email templates of SES: Handlebars, of which SES has variables, `if`, `unless`, `each`, `with` and comments.

SES does not escape HTML in what it puts in. A variable that the data lack fails the whole mail.
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

_TAG = re.compile(r"\{\{\{\s*(?P<raw>[^{}]+?)\s*\}\}\}|\{\{!--.*?--\}\}|\{\{(?P<tag>[^{}]+?)\}\}", re.DOTALL)
_BLOCKS = ("if", "unless", "each", "with")


class RenderingError(Exception):
    """A template and its data do not fit; the message is SES's."""


@dataclass(slots=True)
class _Block:
    """A piece of a template: text, a variable, or a block with what is in it and in its `else`."""

    kind: str
    value: str = ""
    inside: list[_Block] = field(default_factory=list["_Block"])
    otherwise: list[_Block] = field(default_factory=list["_Block"])


def render(parts: Mapping[str, str], data: str) -> dict[str, str]:
    """Return the parts of a template with the data in them.

    Args:
        parts: by any name.
        data: a JSON object.

    Raises:
        RenderingError: the data are no JSON object, or lack a variable, or a part is no template.
    """
    try:
        values = json.loads(data or "{}")
    except ValueError as error:
        raise RenderingError(f"The rendering data is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise RenderingError("The rendering data is not a JSON object.")
    return {name: _rendered(_parsed(text), [values]) for name, text in parts.items()}


def _parsed(text: str) -> list[_Block]:
    root = _Block("root")
    open_blocks, into, at = [root], [root.inside], 0
    for match in _TAG.finditer(text):
        into[-1].append(_Block("text", text[at : match.start()]))
        at = match.end()
        tag = (match["raw"] or match["tag"] or "!").strip()
        if tag.startswith("!"):
            continue
        if tag.startswith("#"):
            kind, _, value = tag[1:].strip().partition(" ")
            if kind not in _BLOCKS:
                raise RenderingError(f"Unknown helper '{kind}' in the template.")
            open_blocks.append(_Block(kind, value.strip()))
            into[-1].append(open_blocks[-1])
            into.append(open_blocks[-1].inside)
        elif tag in ("else", "^"):
            into[-1] = open_blocks[-1].otherwise
        elif tag.startswith("/"):
            if tag[1:].strip() != open_blocks[-1].kind:
                raise RenderingError(f"Unexpected '{{{{{tag}}}}}' in the template.")
            open_blocks.pop()
            into.pop()
        else:
            into[-1].append(_Block("variable", tag.removeprefix("&").strip()))
    if len(open_blocks) > 1:
        raise RenderingError(f"Block '{open_blocks[-1].kind}' of the template has no end.")
    root.inside.append(_Block("text", text[at:]))
    return root.inside


def _rendered(blocks: list[_Block], scopes: list[Any]) -> str:
    return "".join(_one(block, scopes) for block in blocks)


def _one(block: _Block, scopes: list[Any]) -> str:
    if block.kind == "text":
        return block.value
    if block.kind == "variable":
        value = _find(block.value, scopes)
        if value is None:
            raise RenderingError(f"Attribute '{block.value}' is not present in the rendering data.")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    value = _find(block.value, scopes)
    if block.kind == "unless":
        return _rendered(block.otherwise if value else block.inside, scopes)
    if not value:
        return _rendered(block.otherwise, scopes)
    if block.kind == "if":
        return _rendered(block.inside, scopes)
    if block.kind == "with":
        return _rendered(block.inside, [*scopes, value])
    items = _items(value)
    last = len(items) - 1
    return "".join(
        _rendered(
            block.inside,
            [*scopes, {"@index": place, "@key": key, "@first": not place, "@last": place == last}, item],
        )
        for place, (key, item) in enumerate(items)
    )


def _items(value: Any) -> list[tuple[Any, Any]]:
    """Return keys and values of what `each` goes through."""
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).items())
    return list(enumerate(cast("list[Any]", value))) if isinstance(value, list) else []


def _find(path: str, scopes: list[Any]) -> Any:
    """Return what a path like `user.name`, `this`, `../name` or `@index` stands for; None for nothing."""
    reachable = scopes
    while path.startswith("../"):
        # A loop adds two scopes: of its own variables, and of the item.
        path, reachable = path.removeprefix("../"), reachable[: -2 if len(reachable) > 2 else -1]
    if path.startswith("@"):
        return next(
            (found for scope in reversed(scopes) if (found := _member(scope, path)) is not None), None
        )
    value: Any = reachable[-1] if reachable else None
    if path not in ("this", "."):
        for name in path.removeprefix("this.").split("."):
            value = _member(value, name)
    return value


def _member(value: Any, name: str) -> Any:
    """Return a member of an object, or of a list by its number."""
    if isinstance(value, list):
        items, place = cast("list[Any]", value), name.strip("[]")
        return items[int(place)] if place.isdigit() and int(place) < len(items) else None
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
