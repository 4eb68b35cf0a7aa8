"""Email templates: what SES puts in, and what it cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_ses_regions.local.outbound.templates import RenderingError, render

DATA = {
    "name": "Ann",
    "user": {"city": "Oslo", "pets": ["cat", "dog"]},
    "orders": [{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}, {"id": 2, "lines": []}],
    "zero": 0,
    "none": [],
    "html": "<b>&</b>",
}


def rendered(text: str, data: Any = DATA) -> str:
    return render({"part": text}, json.dumps(data))["part"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{name}}, {{ user.city }}!", "Hi Ann, Oslo!"),
        ("{{html}} {{{html}}} {{&html}}", "<b>&</b> <b>&</b> <b>&</b>"),
        ("{{user.pets.[1]}} {{zero}}", "dog 0"),
        ("{{! nothing }}{{!-- {{neither}} --}}x", "x"),
        (
            "{{#if name}}yes{{else}}no{{/if}} {{#if none}}yes{{else}}no{{/if}} {{#if gone}}yes{{/if}}",
            "yes no ",
        ),
        ("{{#unless gone}}yes{{else}}no{{/unless}}", "yes"),
        ("{{#with user}}{{city}} {{../name}}{{/with}}", "Oslo Ann"),
        ("{{#each user.pets}}{{@index}}:{{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0:cat, 1:dog"),
        ("{{#each none}}x{{else}}none{{/each}}", "none"),
        ("{{#each orders}}{{id}}{{#each lines}} {{sku}}-{{../id}}{{/each}};{{/each}}", "1 a-1 b-1;2;"),
        ("{{#each user}}{{@key}} {{/each}}", "city pets "),
        ("no { braces } {{name}}", "no { braces } Ann"),
    ],
)
def test_the_data_are_put_in(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize("template", ["{{gone}}", "{{user.gone}}", "{{#each orders}}{{name}}{{/each}}"])
def test_what_the_data_lack_fails(template: str) -> None:
    with pytest.raises(RenderingError, match=r"Attribute '.+' is not present in the rendering data\."):
        rendered(template)


@pytest.mark.parametrize(
    "template", ["{{#if name}}x", "{{/if}}", "{{#if name}}{{/each}}", "{{#lookup a}}{{/lookup}}"]
)
def test_what_is_no_template_fails(template: str) -> None:
    with pytest.raises(RenderingError):
        rendered(template)


@pytest.mark.parametrize("data", ["{", "[]", '"text"'])
def test_what_is_no_json_object_fails(data: str) -> None:
    with pytest.raises(RenderingError, match="rendering data"):
        render({"part": "x"}, data)
