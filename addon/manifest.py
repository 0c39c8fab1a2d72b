"""The two descriptions that Google reads, appsscript.json and the HTTP deployment, made from one product."""

from typing import Any

from addon.product import Product
from addon.script import SETTINGS_FUNCTION, function_name

_AUTH = "https://www.googleapis.com/auth/"

# Scope: why it is asked for. Sources: "Workspace scopes", "Sync calendar conference changes" (the triggers),
# "Cloud Run" and "UrlFetchApp" of the Apps Script reference, and the Calendar API's discovery document (the reads).
SCRIPT_SCOPES = {
    f"{_AUTH}calendar.addons.execute": "Calendar runs the add-on.",
    f"{_AUTH}calendar.events.readonly": "The function reads the event and the caller's accessRole with the user's "
    "token. Kept beside calendar.readonly, which is only needed for the trigger: where consent is granular, a user "
    "who refuses that one still gets conferences.",
    f"{_AUTH}calendar.readonly": "forUserCalendar() makes the change trigger of a calendar.",
    f"{_AUTH}script.scriptapp": "ScriptApp lists and makes the change trigger and the daily trigger.",
    f"{_AUTH}script.external_request": "UrlFetchApp calls the function.",
    "openid": "ScriptApp.getIdentityToken() answers null without it.",
    f"{_AUTH}userinfo.email": "The identity token carries the verified e-mail that is compared with the calendar.",
}

# Sources: "Build an add-on in any language" (userIdToken), the Calendar API's discovery document (the reads).
DEPLOYMENT_SCOPES = {
    f"{_AUTH}calendar.addons.execute": "Calendar calls the endpoints.",
    f"{_AUTH}calendar.events.readonly": "The function reads the event and the caller's accessRole with userOAuthToken.",
    f"{_AUTH}userinfo.email": "userIdToken, which names the user, is sent only with it.",
}

# The ids of event and calendar, and nothing that a user wrote; the only level that needs no current.event scope.
_EVENT_ACCESS = "METADATA"


def script_manifest(product: Product) -> dict[str, Any]:
    """The content of appsscript.json ("Manifest structure", "Calendar manifest resource")."""
    return {
        "timeZone": "Etc/UTC",
        "runtimeVersion": "V8",
        "exceptionLogging": "STACKDRIVER",
        "oauthScopes": list(SCRIPT_SCOPES),
        "urlFetchWhitelist": [f"{product.origin}/"],
        "addOns": {
            "common": _common(product),
            "calendar": _calendar(product, {e.id: function_name(e.id) for e in product.entries}, SETTINGS_FUNCTION),
        },
    }


def deployment(product: Product) -> dict[str, Any]:
    """The Deployment resource of the HTTP path (gsuiteaddons.googleapis.com, v1), without name and etag."""
    endpoints = {entry.id: f"{product.origin}/conferences?solution={entry.id}" for entry in product.entries}
    return {
        "oauthScopes": list(DEPLOYMENT_SCOPES),
        "addOns": {
            "common": _common(product),
            "calendar": _calendar(product, endpoints, f"{product.origin}/settings-url"),
            "httpOptions": {"authorizationHeader": "SYSTEM_ID_TOKEN"},
        },
    }


def _common(product: Product) -> dict[str, Any]:
    return {"name": product.name, "logoUrl": product.logo}


def _calendar(product: Product, on_create: dict[str, str], settings: str) -> dict[str, Any]:
    return {
        "conferenceSolution": [
            {"id": entry.id, "name": entry.name, "logoUrl": entry.logo, "onCreateFunction": on_create[entry.id]}
            for entry in product.entries
        ],
        "createSettingsUrlFunction": settings,
        "currentEventAccess": _EVENT_ACCESS,
    }
