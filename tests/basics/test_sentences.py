from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import listed
from lungmet_worc.display.language import language

PROBLEMS = TypeAdapter(list[Problem])


def test_pydantic_keeps_how_a_text_was_made() -> None:
    what = Sentence("This is {kind} of {n:,} bytes.", kind=Sentence("a folder"), n=1200)
    (read,) = PROBLEMS.validate_json(PROBLEMS.dump_json([Problem(what, "as it is {")]))
    assert read == Problem(what, "as it is {")
    assert isinstance(read.what, Sentence)
    assert read.what.template == what.template
    assert read.what.fields == what.fields
    assert isinstance(read.what.fields["kind"], Sentence)
    assert not isinstance(read.remedy, Sentence)


@pytest.mark.parametrize(
    "text",
    [
        3,
        {"text": "no fields"},
        {"text": "{b}", "fields": {"c": 1}},
        {"text": 3, "fields": {"c": 1}},
        {"text": "{b", "fields": {"b": 1}},
        {"text": "{b.real}", "fields": {"b": 1}},
        {"text": "{b:>99999999}", "fields": {"b": 1}},
    ],
)
def test_what_no_text_looks_like_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="text"):
        PROBLEMS.validate_json(json.dumps([{"what": text, "remedy": "r"}]))


def test_texts_are_joined_however_many_there_are() -> None:
    names = [Sentence("{column} missing", column=f"c{n}") for n in range(3000)]
    reason = joined(names, ", ")
    assert reason == ", ".join(names)
    assert language("nl").of(reason).startswith("c0 ontbreekt, c1 ontbreekt, ")


def test_a_list_names_the_first_and_never_says_one_more() -> None:
    assert listed(["A"], 2) == "A"
    assert listed(["A", "B", "C"], 2) == "A, B, C"
    assert listed(["A", "B", "C", "D"], 2) == "A, B and 2 more"
