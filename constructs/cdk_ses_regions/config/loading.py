"""Reads the file: `load()` reports whatever is wrong in it at once, with file, line, column and key of each problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cdk_ses_regions.config import errors
from cdk_ses_regions.config.findings import Location
from cdk_ses_regions.config.settings import Settings
from cdk_ses_regions.errors import ConfigError, Problem

FILE_NAME = "ses-regions.yaml"


def load(path: Path | str) -> Settings:
    """Read and check the configuration file at `path`.

    Raises:
        ConfigError: With every problem in the file.
    """
    document = errors.parse(Path(path))
    try:
        settings = Settings.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(_problems(document, error)) from None
    if document.problems:
        raise ConfigError(document.problems)
    return settings


def find(start: Path | str | None = None) -> Path:
    """Return the nearest `ses-regions.yaml` in `start` (default: the working folder) or a folder above it.

    Raises:
        ConfigError: There is none.
    """
    folder = Path(start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (file := candidate / FILE_NAME).is_file():
            return file
    message = f"not found in {folder} or above; create it, or name one with --config (cdk: -c config=FILE)"
    raise ConfigError([Problem(file=FILE_NAME, message=message)])


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors that complete and check YAML."""
    schema = Settings.model_json_schema()
    schema["properties"]["primary_region"].pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FILE_NAME}


def _problems(document: errors.Document, error: ValidationError) -> list[Problem]:
    found = error.errors(include_url=False)
    locations = [one["loc"] for one in found]
    # A list of which every item is wrong is reported as too short as well: drop that.
    real = [one for one in found if one["type"] != "too_short" or not _has_inner(one["loc"], locations)]
    problems = dict.fromkeys(document.problems)  # a set that keeps the order
    problems |= dict.fromkeys(
        errors.explain(document, one, known_keys=_keys_at(one["loc"][:-1])) for one in real
    )
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _has_inner(location: Location, others: list[Location]) -> bool:
    return any(len(other) > len(location) and other[: len(location)] == location for other in others)


def _keys_at(location: Location) -> tuple[str, ...]:
    """Return the keys that the mapping at `location` may have."""
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, str) and part in (fields := _fields_of(model)):
            model = _model_in(fields[part].annotation) or model
    return tuple(_fields_of(model))


def _fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model as a file names them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `tuple[Rule, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
