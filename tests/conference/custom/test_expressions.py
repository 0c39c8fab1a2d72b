"""An expression that fits no reply finds nothing, whatever the reply is; an id that is none is refused."""

from typing import Any

import pytest

from conference.custom.expressions import Expression
from conference.errors import OutcomeUnknown
from tests.conference.custom.asking import MADE, ONE, Asking, reply


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("expression", "document"),
    [
        ("sort_by(items, &n)", {"items": [{"n": 1}, {"n": "a"}, {}]}),
        ("length(id)", {"id": 7}),
        ("join(',', items)", {"items": [1, None]}),
        ("a.b.c", "text"),
        ("a[0].b", {"a": {"b": 1}}),
        ("max(items)", {"items": ["a", 1]}),
        ("ceil(id)", {"id": float("inf")}),
        ("avg(items)", {"items": []}),
        ("items[::0]", {"items": [1]}),
        ("to_string(@)", nested(100_000)),
        ("@ == items", nested(100_000)),
    ],
)
def test_a_reply_that_an_expression_does_not_fit_has_nothing(expression: str, document: Any) -> None:
    assert not Expression(expression, ("x",)).of(document)


@pytest.mark.parametrize(
    "id", [None, "", " ", "a b", "..", "../canary", "a/../b", "a\\..\\b", "a\nb", "x" * 513, True, 1.5, [], {}, 10**600]
)
def test_an_id_that_is_none_makes_no_conference(id: Any) -> None:
    with pytest.raises(OutcomeUnknown) as met:
        Asking(reply(body={**MADE, "id": id})).create()
    assert met.value.reason == "malformed-reply"


@pytest.mark.parametrize("id", ["a/b", "a..b", "é", "x" * 512, 0, -7, 2**70])
def test_any_other_id_is_taken(id: Any) -> None:
    assert Asking(reply(body={**MADE, "id": id})).create().id == str(id)


def test_what_all_numbers_share_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    def of(self: Expression, document: Any) -> Any:
        searched.append(self.text)
        return found(self, document)

    found = Expression.of
    monkeypatch.setattr(Expression, "of", of)
    numbers = [{"n": f"+41 44 {number}"} for number in range(100, 200)]
    made = Asking(
        reply(body={**MADE, "numbers": numbers, "pins": [{"pin": "7"}]}),
        reply={
            **ONE["reply"],
            "phones": {"each": "numbers", "number": "n", "pin": {"reply": "pins[0].pin"}},
        },
    ).create()

    assert searched.count("n") == 100
    assert searched.count("pins[0].pin") == 1
    assert [point.pin for point in made.entry_points[1:]] == ["7"] * 100
