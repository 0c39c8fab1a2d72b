"""A body is what the bundled document says, member by member, or it is refused with the place of the mistake."""

import json
from typing import Any

import pytest
from flask import Flask

from simulator import one_platform
from simulator.one_platform import Refusal


def read(content: Any, document: str = "cloudtasks.v2", type: str = "CreateTaskRequest") -> Any:
    with Flask("test").test_request_context(method="POST", data=json.dumps(content)):
        return one_platform.body(document, type)


def test_a_body_of_its_type_is_returned() -> None:
    content = {"task": {"scheduleTime": "2026-03-02T09:00:00.5Z", "dispatchCount": 1}, "responseView": "BASIC"}
    assert read(content) == content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"tusk": {}}, 'Unknown name "tusk": Cannot find field.'),
        ({"task": {"x": 1}}, "Unknown name \"x\" at 'task': Cannot find field."),
        ({"task": None}, "Invalid value at 'task'"),
        ({"task": {"dispatchCount": "1"}}, "Invalid value at 'task.dispatchCount'"),
        ({"task": {"dispatchCount": True}}, "Invalid value at 'task.dispatchCount'"),
        ({"task": {"scheduleTime": "now"}}, "Invalid value at 'task.scheduleTime', \"now\""),
        ({"responseView": "ALL"}, "Invalid value at 'responseView', \"ALL\""),
    ],
)
def test_a_mistake_is_told_with_its_place(content: Any, told: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(content)
    assert refused.value.body["error"]["message"].endswith(told)


def test_each_item_of_a_list_is_checked() -> None:
    assert read({"delegates": ["a"]}, "iamcredentials.v1", "SignJwtRequest")
    with pytest.raises(Refusal, match=r"delegates\[1\]"):
        read({"delegates": ["a", 1]}, "iamcredentials.v1", "SignJwtRequest")
