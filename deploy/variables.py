"""What the function will be told is right before it is deployed: checked by the code that reads it at its start.

`python -m deploy.variables FILE` takes THREADS, GOOGLE_CLOUD_PROJECT and every ANYROOM_ variable from the environment
and writes those that are set to FILE, for `gcloud run deploy --env-vars-file`. Substitutions of cloudbuild.yaml that
are no variables of the function are in the environment under their own names and are checked only.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import settings
from conference.errors import InvalidSetting
from sync.store.opening import check_store

_NAMES = ("THREADS", "GOOGLE_CLOUD_PROJECT")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,28}[a-z0-9]")
"""Of a service. Cloud Run allows 46 characters for the name and the tag together."""
_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
"""The id of a service account (IAM, Create service accounts)."""
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,3}")
_SUBSTITUTIONS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "_SERVICE": (_NAME, "must be the name of a service: up to 30 lower-case letters, digits and hyphens"),
    "_SERVICE_ACCOUNT": (_ACCOUNT, "must be what stands before the @ of a service account, 6 to 30 characters"),
    "_BUILD_ACCOUNT": (_ACCOUNT, "must be what stands before the @ of a service account, 6 to 30 characters"),
    "_REGION": (_REGION, "must be a region of Cloud Run, such as europe-west1"),
    "_MIN_INSTANCES": (_COUNT, "must be a number, 0 for none"),
    "_MAX_INSTANCES": (_COUNT, "must be a number"),
}


def variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What the function is told: nothing that is empty, and nothing that the build's own machine adds."""
    return {
        name: value
        for name, value in environment.items()
        if value and (name in _NAMES or name.startswith("ANYROOM_")) and name != "ANYROOM_FIRESTORE_EMULATOR"
    }


def mistakes(environment: Mapping[str, str]) -> list[str]:
    """One line for each substitution or setting that is wrong, as an instance of Cloud Run would find it."""
    found = [
        f"{name} {advice}"
        for name, (pattern, advice) in _SUBSTITUTIONS.items()
        if not pattern.fullmatch(environment.get(name, ""))
    ]
    fewest, most = environment.get("_MIN_INSTANCES", ""), environment.get("_MAX_INSTANCES", "")
    if not found and not int(fewest) <= int(most) > 0:
        found.append("_MAX_INSTANCES must be at least 1, and at least _MIN_INSTANCES")
    read, wrong = settings.examine({**variables(environment), "K_SERVICE": "anyroom"})
    found += [str(mistake) for mistake in wrong]
    try:
        check_store(read.store)
    except InvalidSetting as mistake:
        found.append(str(mistake))
    return found


def main(environment: Mapping[str, str], file: Path) -> int:
    """Write the file: 0, or 1 after one line on standard error for each mistake."""
    found = mistakes(environment)
    for mistake in found:
        print(mistake, file=sys.stderr)
    if found:
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(variables(environment), indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, Path(sys.argv[1])))
