"""A gcloud that remembers what it was asked for, and answers as Cloud Run would: started by tests/build/steps.py."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LISTED = 'value[separator=" "](metadata.name,status.latestReadyRevisionName)'
TRAFFIC = 'value[separator=" "](status.traffic.tag,status.traffic.revisionName,status.traffic.url)'


class Refused(Exception):
    """What gcloud says on standard error."""


def main(arguments: list[str]) -> int:
    file = Path(os.environ["GCLOUD_TOLD"])
    told = json.loads(file.read_text())
    told["calls"].append(arguments)
    command = " ".join(word for word in arguments if not word.startswith("-"))
    flags = dict(word.partition("=")[::2] for word in arguments if word.startswith("--"))
    try:
        if told["broken"] and command.startswith(told["broken"]):
            raise Refused("PERMISSION_DENIED")
        for line in answer(command, flags, told):
            sys.stdout.write(f"{line}\n")
    except Refused as refused:
        sys.stderr.write(f"ERROR: {refused}\n")
        return 1
    finally:
        file.write_text(json.dumps(told))
    return 0


def answer(command: str, flags: Mapping[str, str], told: dict[str, Any]) -> list[str]:
    """The lines on standard output. Raises Refused."""
    name, services = command.split()[-1], told["services"]
    if command == "info" and flags["--format"] == "value(installation.sdk_root)":
        return [told["sdk"]]
    if command == "run services list" and flags["--format"] == LISTED:
        return [f"{each} {(service['ready'] or [''])[-1]}" for each, service in services.items()]
    if command == f"run deploy {name}":
        deploy(services.setdefault(name, {"ready": [], "tagged": "", "traffic": ""}), name, flags)
        return []
    if command == f"run services describe {name}":
        assert (flags["--flatten"], flags["--format"]) == ("status.traffic[]", TRAFFIC)
        service = services[name]
        service["tagged"] = told["thief"] or service["tagged"]
        return [f" {service['traffic'] or service['ready'][-1]} ", f"candidate {service['tagged']} {told['url']}"]
    if command == f"run services update-traffic {name}":
        revision, percent = flags["--to-revisions"].split("=")
        assert (percent, revision in services[name]["ready"]) == ("100", True), revision
        services[name]["traffic"] = revision
        return []
    raise Refused(f"not what this gcloud knows: {command}")


def deploy(service: dict[str, Any], name: str, flags: Mapping[str, str]) -> None:
    """One more revision is ready, and has the tag. Raises Refused."""
    if "--no-traffic" in flags and not service["ready"]:
        raise Refused("(gcloud.run.deploy) --no-traffic not supported when creating a new service.")
    assert flags["--tag"] == "candidate"
    service["ready"].append(f"{name}-{flags['--revision-suffix']}")
    service["tagged"] = service["ready"][-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
