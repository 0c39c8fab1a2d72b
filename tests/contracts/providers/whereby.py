"""Whereby's REST API as its reference describes it; a field that it does not name is refused."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer

KEY = "canary-whereby-key"


class Meeting(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What a meeting is made with."""

    end_date: datetime
    is_locked: bool = False
    room_mode: Literal["normal", "group"] = "normal"
    room_name_prefix: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]{0,39}\Z")] = ""
    room_name_pattern: Literal["uuid", "human-short"] = "uuid"
    template_type: Literal["viewerMode"] | None = None
    fields: list[Literal["hostRoomUrl", "viewerRoomUrl"]] = []


class Whereby:
    """An account's meetings."""

    def __init__(self) -> None:
        self.meetings: dict[str, Meeting] = {}
        self.system = Strict(
            lambda headers, asked: headers.get("authorization") == f"Bearer {KEY}",
            routes=[
                Route("POST", "/v1/meetings", self._create, Meeting),
                Route("DELETE", "/v1/meetings/([0-9]+)", self._delete),
            ],
        )

    def _create(self, meeting: Meeting) -> Answer:
        if meeting.end_date.tzinfo is None:
            return self.system.refusal(400, "invalid")
        number = str(10_000_000 + len(self.meetings))
        self.meetings[number] = meeting
        name = meeting.room_name_prefix + str(uuid.uuid4())
        end = meeting.end_date.isoformat()
        url = f"https://acme.whereby.com/{name}"
        return Answer.json(201, {"meetingId": number, "startDate": end, "endDate": end, "roomUrl": url})

    def _delete(self, number: str) -> Answer:
        return Answer(204) if self.meetings.pop(number, None) else self.system.refusal(404, "not-found")
