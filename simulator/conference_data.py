"""Event.conferenceData as Calendar keeps it: signed, made by an add-on or Google Meet, hardly writable through the API.

Sources: Calendar API, ConferenceData and conferenceDataVersion; reports of what events.insert makes of add-on data.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from typing import Any, Final

from simulator import ids
from simulator.errors import invalid
from simulator.event import Json

MEET_ICON: Final = (
    "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png"
)


class Conferences:
    """Makes conference data and knows its own again."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._secret = randomness.randbytes(32)

    def signed(self, data: Mapping[str, Any]) -> Json:
        """The data with Google's signature."""
        return {**data, "signature": self._signature(data)}

    def genuine(self, data: Mapping[str, Any]) -> bool:
        """Whether the data carries the signature that it was given, so that it may be copied to another event."""
        unsigned = {key: value for key, value in data.items() if key != "signature"}
        return hmac.compare_digest(str(data.get("signature", "")), self._signature(unsigned))

    def of_addon(self, answer: Mapping[str, Any], name: str, *, script: bool) -> Json:
        """What Calendar keeps of an add-on's answer (from `builder.check`); an Apps Script add-on leaves its id."""
        parameters = {item["key"]: item["value"] for item in answer.get("parameters", ())}
        if script:
            parameters["scriptId"] = ids.SCRIPT_ID
        kept: Json = {
            "entryPoints": [_entry_point(point) for point in answer["entryPoints"]],
            "conferenceSolution": {"key": {"type": "addOn"}, "name": name, "iconUri": MEET_ICON},
            "conferenceId": answer["conferenceId"],
        }
        if answer.get("notes"):
            kept["notes"] = answer["notes"]
        if parameters:
            kept["parameters"] = {"addOnParameters": {"parameters": parameters}}
        return self.signed(kept)

    def written(self, body: Mapping[str, Any], version: int, old: Json | None) -> Json | None:
        """What an event's conference data becomes when `body` is written with this conferenceDataVersion.

        Raises GoogleError 400 for data that Calendar refuses.
        """
        if version == 0 or "conferenceData" not in body:
            return old
        data = body["conferenceData"]
        if data is None:
            return None
        if "createRequest" in data and "entryPoints" not in data:
            return self._meet(data["createRequest"])
        if self.genuine(data):
            return dict(data)
        if "key" in (data.get("conferenceSolution") or {}):
            raise invalid("Invalid conference data.")
        # Data of no known kind is dropped without a word.
        return old

    def _meet(self, request: Mapping[str, Any]) -> Json:
        kind = (request.get("conferenceSolutionKey") or {}).get("type")
        if kind != "hangoutsMeet" or not request.get("requestId"):
            raise invalid("Invalid conference type value.")
        letters = "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=10))
        code = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
        link = {"entryPointType": "video", "uri": f"https://meet.google.com/{code}", "label": f"meet.google.com/{code}"}
        return self.signed(
            {
                "createRequest": {**request, "status": {"statusCode": "success"}},
                "entryPoints": [link],
                "conferenceSolution": {"key": {"type": kind}, "name": "Google Meet", "iconUri": MEET_ICON},
                "conferenceId": code,
            }
        )

    def _signature(self, data: Mapping[str, Any]) -> str:
        return hmac.new(self._secret, json.dumps(data, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _entry_point(point: Mapping[str, Any]) -> Json:
    kept = {key: value for key, value in point.items() if key not in ("type", "features") and value}
    kept["entryPointType"] = point["type"].lower()
    if point.get("features"):
        kept["entryPointFeatures"] = [feature.lower() for feature in point["features"]]
    return kept
