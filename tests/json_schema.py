"""JSON Schema, as much of it as docs/*.schema.json use; an unknown keyword fails, so nothing goes unchecked.

Stricter than the standard in one point: a property that the schema does not list is an error, so that nothing
is published undocumented. cfn-lint's own validator will not do: as CloudFormation, it takes null for absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
_PROSE = {"$schema", "title", "description", "definitions"}


def errors(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Yield what is wrong with `value`, each with its path."""
    for keyword, wanted in schema.items():
        if keyword in _PROSE:
            continue
        match keyword:
            case "$ref":
                yield from errors(
                    value, root["definitions"][wanted.removeprefix("#/definitions/")], root, path
                )
            case "type":
                kinds = [_TYPES[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)]
                if type(value) not in kinds:
                    yield f"{path}: {value!r:.80} is not of type {wanted}"
            case "const":
                if value != wanted:
                    yield f"{path}: {value!r:.80} is not {wanted!r}"
            case "enum":
                if value not in wanted:
                    yield f"{path}: {value!r:.80} is none of {wanted}"
            case "pattern":
                if not re.search(wanted, str(value)):
                    yield f"{path}: {value!r:.80} does not match {wanted}"
            case "minimum":
                if value < wanted:
                    yield f"{path}: {value} is less than {wanted}"
            case "required":
                if value is not None:
                    yield from (f"{path}: {name} is missing" for name in wanted if name not in value)
            case "properties":
                for name, item in (value or {}).items():
                    if name in wanted:
                        yield from errors(item, wanted[name], root, f"{path}.{name}")
                    else:
                        yield f"{path}: {name} is not in the schema"
            case "items":
                for index, item in enumerate(value or []):
                    yield from errors(item, wanted, root, f"{path}[{index}]")
            case _:
                raise NotImplementedError(f"{path}: JSON Schema keyword {keyword!r}")
