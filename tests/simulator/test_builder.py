"""Google's builder takes an answer at each limit and refuses it one past, in both wire shapes."""

from typing import Any

import pytest

from simulator import builder

VIDEO = {"type": "VIDEO", "uri": "https://rooms.example/a"}
PHONE = {"type": "PHONE", "uri": "tel:+12025550100,,123#"}


def addon(**data: Any) -> dict[str, Any]:
    whole = {"conferenceId": "c", "conferenceSolutionId": "demo", "entryPoints": [VIDEO], **data}
    markup = {"createConferenceDataActionMarkup": {"createConferenceData": whole}}
    return {"hostAppAction": {"calendarAction": markup}}


def script(**data: Any) -> dict[str, Any]:
    points = [{"entryPointType": "VIDEO", "uri": VIDEO["uri"]}]
    return {"conferenceData": {"conferenceId": "c", "conferenceSolutionId": "demo", "entryPoints": points, **data}}


def points(*given: dict[str, Any]) -> dict[str, Any]:
    return {"entryPoints": list(given)}


def text(name: str, length: int) -> dict[str, Any]:
    if name in ("uri", "label", *builder.CODES):
        value = "https://" + "x" * (length - 8) if name == "uri" else "x" * length
        return points({**VIDEO, name: value})
    if name in ("key", "value"):
        return {"parameters": [{"key": "k", "value": "v", name: "x" * length}]}
    return {"note" if name == "notes" else name: "x" * length}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("conferenceId", 512), ("uri", 1300), ("label", 512), ("key", 50), ("value", 1024), ("notes", 2048)),
        *(("meetingCode", 128), ("accessCode", 128), ("passcode", 128), ("password", 128), ("pin", 128)),
    ],
)
def test_text_may_be_as_long_as_its_limit(name: str, most: int) -> None:
    builder.check(addon(**text(name, most)), "addon", "demo")
    with pytest.raises(builder.Refused, match=name):
        builder.check(addon(**text(name, most + 1)), "addon", "demo")


def test_characters_are_counted_as_javascript_does() -> None:
    builder.check(addon(note="\U0001f600" * 1024), "addon", "demo")
    with pytest.raises(builder.Refused):
        builder.check(addon(note="\U0001f600" * 1025), "addon", "demo")


@pytest.mark.parametrize(
    "data",
    [
        points(VIDEO, PHONE, {"type": "SIP", "uri": "sip:a@b"}, {"type": "MORE", "uri": "http://x"}),
        points(PHONE, PHONE, {**PHONE, "regionCode": "US", "features": ["TOLL"]}),
        points(*[PHONE] * 300),
        {"parameters": [{"key": "k", "value": "v"}] * 300},
    ],
)
def test_what_google_takes_is_taken(data: dict[str, Any]) -> None:
    assert builder.check(addon(**data), "addon", "demo")["conferenceId"] == "c"


@pytest.mark.parametrize(
    "data",
    [
        {"conferenceId": ""},
        {"conferenceId": 7},
        {"conferenceSolutionId": "other"},
        {"conferenceSolutionId": ""},
        {"entryPoints": []},
        {"entryPoints": None},
        {"extra": 1},
        {"notes": "the markup says note"},
        {"conferenceParameters": []},
        points(VIDEO, VIDEO),
        points(*[PHONE] * 301),
        points({"type": "SIP", "uri": "sip:a"}, {"type": "SIP", "uri": "sip:b"}),
        points({"type": "MORE", "uri": "https://x"}),
        points(VIDEO, {"type": "MORE", "uri": "https://x"}, {"type": "MORE", "uri": "https://y"}),
        points({"type": "FAX", "uri": "tel:1"}),
        points({"type": "VIDEO"}),
        points({"type": "VIDEO", "uri": ""}),
        points({"type": "VIDEO", "uri": "javascript:alert(1)"}),
        points({"type": "PHONE", "uri": "https://x"}),
        points({"type": "SIP", "uri": "tel:1"}),
        points({"type": "MORE", "uri": "ftp://x"}, VIDEO),
        points({**VIDEO, "regionCode": "US"}),
        points({**VIDEO, "features": ["TOLL"]}),
        points({**PHONE, "regionCode": "usa"}),
        points({**PHONE, "features": ["FREE"]}),
        points({**PHONE, "features": ["TOLL", "TOLL_FREE"]}),
        points({**VIDEO, "colour": "red"}),
        points({"type": ["VIDEO"], "uri": "https://x"}),
        {"parameters": [{"key": "k", "value": "v"}] * 301},
        {"parameters": [{"key": "", "value": "v"}]},
        {"parameters": [{"key": "k", "value": ""}]},
        {"parameters": [{"key": "k", "value": "v", "more": ""}]},
        {"error": {"type": "TEMPORARY"}},
    ],
)
def test_what_google_refuses_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(builder.Refused):
        builder.check(addon(**data), "addon", "demo")


@pytest.mark.parametrize(
    "reply", [None, [], "x", {}, {"hostAppAction": {}}, {"renderActions": {}}, {**addon(), "x": 1}]
)
def test_another_message_is_refused(reply: Any) -> None:
    for shape in ("script", "addon"):
        with pytest.raises(builder.Refused):
            builder.check(reply, shape, "demo")


def test_the_wrapper_of_an_add_ons_answer_may_be_there_or_not() -> None:
    assert builder.check({"renderActions": addon()}, "addon", "demo") == builder.check(addon(), "addon", "demo")


def test_both_shapes_give_one_conference() -> None:
    parameters = [{"key": "k", "value": "v"}]
    theirs = builder.check(addon(note="n", parameters=parameters), "addon", "demo")
    assert builder.check(script(notes="n", conferenceParameters=parameters), "script", "demo") == theirs


def test_a_script_has_no_labels() -> None:
    labelled = {"entryPointType": "VIDEO", "uri": VIDEO["uri"], "label": "x"}
    with pytest.raises(builder.Refused, match="label"):
        builder.check(script(entryPoints=[labelled]), "script", "demo")


@pytest.mark.parametrize("error_type", sorted(builder.ERROR_TYPES))
def test_errors_of_every_type_are_taken(error_type: str) -> None:
    with pytest.raises(builder.Failed) as caught:
        builder.check({"conferenceData": {"error": {"conferenceErrorType": error_type}}}, "script", "demo")
    assert caught.value.error_type == error_type


@pytest.mark.parametrize(("shape", "most"), [("script", 1800), ("addon", 1300)])
def test_a_sign_in_address_has_a_limit(shape: Any, most: int) -> None:
    def answer(length: int) -> dict[str, Any]:
        url = "https://" + "x" * (length - 8)
        if shape == "script":
            error = {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": url}
            return {"conferenceData": {"error": error}}
        wrapped = addon()
        markup = wrapped["hostAppAction"]["calendarAction"]["createConferenceDataActionMarkup"]
        markup["createConferenceData"] = {"error": {"type": "AUTHENTICATION", "authenticationUrl": url}}
        return wrapped

    with pytest.raises(builder.Failed):
        builder.check(answer(most), shape, "demo")
    with pytest.raises(builder.Refused, match="authenticationUrl"):
        builder.check(answer(most + 1), shape, "demo")


@pytest.mark.parametrize(
    "error",
    [
        {"conferenceErrorType": "SAD"},
        {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": "javascript:x"},
        {"type": "TEMPORARY"},
    ],
)
def test_errors_that_google_does_not_know_are_refused(error: dict[str, str]) -> None:
    with pytest.raises(builder.Refused):
        builder.check({"conferenceData": {"error": error}}, "script", "demo")
