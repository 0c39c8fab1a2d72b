"""A gcloud that remembers what it was asked for, and answers as Cloud Run would: started by tests/build/steps.py."""

import json
import os
import sys
from pathlib import Path

LISTED = 'value[separator=" "](metadata.name,status.latestReadyRevisionName)'
TRAFFIC = 'value[separator=" "](status.traffic.tag,status.traffic.revisionName,status.traffic.url)'


def main(arguments: list[str]) -> int:
    file = Path(os.environ["GCLOUD_TOLD"])
    told = json.loads(file.read_text())
    told["calls"].append(arguments)
    command = " ".join(word for word in arguments if not word.startswith("-"))
    flags = dict(word.partition("=")[::2] for word in arguments if word.startswith("--"))
    code = 1 if told["broken"] and command.startswith(told["broken"]) else answer(command, flags, told)
    file.write_text(json.dumps(told))
    return code


def answer(command, flags, told):  # type: ignore[no-untyped-def]  # JSON, all of it
    services = told["services"]
    name = command.split()[-1]
    if command == "info" and flags["--format"] == "value(installation.sdk_root)":
        print(told["sdk"])
    elif command == "run services list" and flags["--format"] == LISTED:
        for each, service in services.items():
            print(each, service["ready"][-1] if service["ready"] else "")
    elif command == f"run deploy {name}":
        service = services.setdefault(name, {"ready": [], "tagged": "", "traffic": ""})
        if "--no-traffic" in flags and not service["ready"]:
            sys.exit("ERROR: (gcloud.run.deploy) --no-traffic not supported when creating a new service.")
        service["ready"].append(f"{name}-{flags['--revision-suffix']}")
        if flags["--tag"] == "candidate":
            service["tagged"] = service["ready"][-1]
    elif command == f"run services describe {name}" and (flags["--flatten"], flags["--format"]) == (
        "status.traffic[]",
        TRAFFIC,
    ):
        service = services[name]
        print(f" {service['traffic'] or service['ready'][-1]} ")
        print(f"candidate {service['tagged']} {told['url']}")
    elif command == f"run services update-traffic {name}":
        revision, percent = flags["--to-revisions"].split("=")
        assert (percent, revision in services[name]["ready"]) == ("100", True), revision
        services[name]["traffic"] = revision
    else:
        sys.exit(f"ERROR: not what this gcloud knows: {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
