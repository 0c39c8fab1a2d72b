"""The manifest, the script, the HTTP deployment and the solutions say the same, in fields that Google documents."""

import json
import re
from typing import Any

import pytest

from addon.manifest import DEPLOYMENT_SCOPES, SCRIPT_SCOPES

ORIGIN = "https://rooms.example.org"
AUTH = "https://www.googleapis.com/auth/"

# The fields of gsuiteaddons.proto, script_manifest.proto and calendar_addon_manifest.proto that are not deprecated;
# None is a value, a dict is a message, a list holds the message that is repeated.
COMMON_FIELDS = {
    "name": None,
    "logoUrl": None,
    "layoutProperties": {"primaryColor": None, "secondaryColor": None},
    "addOnWidgetSet": {"usedWidgets": None},
    "useLocaleFromApp": None,
    "homepageTrigger": {"runFunction": None, "enabled": None},
    "universalActions": [{"label": None, "openLink": None, "runFunction": None}],
    "openLinkUrlPrefixes": None,
}
CALENDAR_FIELDS = {
    "homepageTrigger": {"runFunction": None, "enabled": None},
    "conferenceSolution": [{"onCreateFunction": None, "id": None, "name": None, "logoUrl": None}],
    "createSettingsUrlFunction": None,
    "eventOpenTrigger": {"runFunction": None},
    "eventUpdateTrigger": {"runFunction": None},
    "currentEventAccess": None,
}
DEPLOYMENT_FIELDS = {
    "name": None,
    "oauthScopes": None,
    "addOns": {"common": COMMON_FIELDS, "calendar": CALENDAR_FIELDS, "httpOptions": {"authorizationHeader": None}},
    "etag": None,
}
# "Manifest structure" of the Apps Script documentation.
SCRIPT_FIELDS = {
    "timeZone": None,
    "runtimeVersion": None,
    "exceptionLogging": None,
    "oauthScopes": None,
    "urlFetchWhitelist": None,
    "dependencies": {"enabledAdvancedServices": None, "libraries": None},
    "addOns": {"common": COMMON_FIELDS, "calendar": CALENDAR_FIELDS},
}
REQUIRED_OF_A_SOLUTION = {"id", "name", "logoUrl", "onCreateFunction"}

# The call in the script that needs a scope, or the side that uses it although the script never shows it.
USE_IN_SCRIPT = {
    f"{AUTH}calendar.readonly": r"\.forUserCalendar\(",
    f"{AUTH}script.scriptapp": r"ScriptApp\.(newTrigger|getProjectTriggers)\(",
    f"{AUTH}script.external_request": r"UrlFetchApp\.fetch\(",
    "openid": r"ScriptApp\.getIdentityToken\(",
}
USE_ELSEWHERE = {
    f"{AUTH}calendar.addons.execute": "Calendar itself",
    f"{AUTH}calendar.events.readonly": "the function, with oauthToken",
    f"{AUTH}userinfo.email": "the function, in the identity token",
}
SERVICES = {
    "ScriptApp",
    "ConferenceDataService",
    "PropertiesService",
    "LockService",
    "Utilities",
    "UrlFetchApp",
}


def unknown_fields(value: Any, known: Any, path: str = "") -> list[str]:
    """The paths in `value` that `known` does not name."""
    if isinstance(known, list):
        return [found for each in value for found in unknown_fields(each, known[0], path)]
    if known is None:
        return []
    found = [f"{path}.{name}" for name in value if name not in known]
    return found + [
        each for name in value if name in known for each in unknown_fields(value[name], known[name], f"{path}.{name}")
    ]


@pytest.fixture
def deployment(files: dict[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files["deployment.json"])
    return content


@pytest.fixture
def code(files: dict[str, str]) -> str:
    return files["Code.gs"]


def test_every_field_is_one_that_google_documents(manifest: dict[str, Any], deployment: dict[str, Any]) -> None:
    assert unknown_fields(manifest, SCRIPT_FIELDS) == []
    assert unknown_fields(deployment, DEPLOYMENT_FIELDS) == []


def test_an_unknown_field_would_be_found(deployment: dict[str, Any]) -> None:
    deployment["addOns"]["calendar"]["conferenceSolution"][1]["onDelete"] = "x"
    deployment["version"] = 1
    assert unknown_fields(deployment, DEPLOYMENT_FIELDS) == [
        ".version",
        ".addOns.calendar.conferenceSolution.onDelete",
    ]


def test_the_solutions_are_the_configured_ones_in_both_files(
    manifest: dict[str, Any], deployment: dict[str, Any]
) -> None:
    for content in (manifest, deployment):
        entries = content["addOns"]["calendar"]["conferenceSolution"]
        assert all(set(entry) == REQUIRED_OF_A_SOLUTION for entry in entries)
        assert [(entry["id"], entry["name"]) for entry in entries] == [("jitsi", "Jitsi Meet"), ("my-zoom", "Zoom")]
        assert {entry["logoUrl"] for entry in entries} == {"https://lh3.googleusercontent.com/abc=s32"}
    assert manifest["addOns"]["common"] == deployment["addOns"]["common"]


def test_every_function_that_the_manifest_names_is_in_the_script(manifest: dict[str, Any], code: str) -> None:
    calendar = manifest["addOns"]["calendar"]
    named = [entry["onCreateFunction"] for entry in calendar["conferenceSolution"]]
    assert named == ["onCreate_jitsi", "onCreate_my_zoom"]
    for function in [*named, calendar["createSettingsUrlFunction"]]:
        assert len(re.findall(rf"^function {function}\(", code, re.MULTILINE)) == 1


def test_every_public_function_of_the_script_is_called_by_google(manifest: dict[str, Any], code: str) -> None:
    calendar = manifest["addOns"]["calendar"]
    public = {name for name in re.findall(r"^function (\w+)\(", code, re.MULTILINE) if not name.endswith("_")}
    triggers = set(re.findall(r"newTrigger\('(\w+)'\)", code))
    solutions = {entry["onCreateFunction"] for entry in calendar["conferenceSolution"]}
    assert public == solutions | triggers | {calendar["createSettingsUrlFunction"]}


def test_the_http_endpoints_are_the_functions_routes(deployment: dict[str, Any]) -> None:
    calendar = deployment["addOns"]["calendar"]
    assert [entry["onCreateFunction"] for entry in calendar["conferenceSolution"]] == [
        f"{ORIGIN}/conferences?solution=jitsi",
        f"{ORIGIN}/conferences?solution=my-zoom",
    ]
    assert calendar["createSettingsUrlFunction"] == f"{ORIGIN}/settings-url"
    assert deployment["addOns"]["httpOptions"] == {"authorizationHeader": "SYSTEM_ID_TOKEN"}


def test_the_script_may_call_the_function_and_nothing_else(manifest: dict[str, Any], code: str) -> None:
    assert manifest["urlFetchWhitelist"] == [f"{ORIGIN}/"]
    assert re.findall(r"UrlFetchApp\.fetch\((.+?),", code) == ["ANYROOM.url + path"]
    assert f'const ANYROOM = {{"url": "{ORIGIN}"}};' in code


def test_every_scope_of_the_script_has_a_use_and_a_reason(manifest: dict[str, Any], code: str) -> None:
    assert set(manifest["oauthScopes"]) == set(SCRIPT_SCOPES) == set(USE_IN_SCRIPT) | set(USE_ELSEWHERE)
    assert len(manifest["oauthScopes"]) == len(SCRIPT_SCOPES)
    for scope, call in USE_IN_SCRIPT.items():
        assert re.search(call, code), scope
    assert all(SCRIPT_SCOPES.values())


def test_every_service_that_the_script_uses_is_covered(manifest: dict[str, Any], code: str) -> None:
    assert set(re.findall(r"\b([A-Z]\w+(?:App|Service)|Utilities|Calendar|Session)\.\w+", code)) == SERVICES
    assert "dependencies" not in manifest


def test_the_http_path_asks_only_for_what_its_calls_carry(deployment: dict[str, Any]) -> None:
    assert set(deployment["oauthScopes"]) == set(DEPLOYMENT_SCOPES) == set(USE_ELSEWHERE)
    assert all(DEPLOYMENT_SCOPES.values())


def test_nothing_can_be_written_and_no_event_content_is_passed(
    manifest: dict[str, Any], deployment: dict[str, Any]
) -> None:
    for content in (manifest, deployment):
        scopes = content["oauthScopes"]
        calendars = [scope for scope in scopes if "auth/calendar" in scope and not scope.endswith("addons.execute")]
        assert all(scope.endswith(".readonly") for scope in calendars)
        assert not any("current.event" in scope for scope in scopes)
        assert content["addOns"]["calendar"]["currentEventAccess"] == "METADATA"


def test_the_script_runs_on_v8_in_utc_and_logs_to_the_cloud(manifest: dict[str, Any]) -> None:
    assert manifest["runtimeVersion"] == "V8"
    assert manifest["timeZone"] == "Etc/UTC"
    assert manifest["exceptionLogging"] == "STACKDRIVER"
