"""`python -m addon`: writes addon/build/ and says what to do with it, or says in one line which setting is wrong."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from addon.build import build, write
from addon.product import NAME, product
from conference.errors import InvalidSetting
from settings import load_solutions

_WROTE = """\
Wrote {names} to {folder}/ for {count} at {origin}
"""
_NEXT = """\
Apps Script: put appsscript.json and Code.gs into a script project (clasp push --force, or paste), Deploy > Test
  deployments > Install, and add the project's OAuth client id to ANYROOM_IDENTITY as script=CLIENT_ID.
HTTP instead (not proven on Google yet): gcloud workspace-add-ons deployments create anyroom \\
  --deployment-file={folder}/deployment.json, then gcloud workspace-add-ons get-authorization gives
  addon=SERVICE_ACCOUNT,CLIENT_ID for ANYROOM_IDENTITY. Its calendars are synced with delegation only.
docs/publish.md has every step, the consent screen and the Marketplace.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the add-on. Returns 0, or 1 after one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m addon", description=__doc__)
    config = os.environ.get("ANYROOM_CONFIG", "anyroom.toml")
    parser.add_argument("--config", default=config, help="the solutions (default: %(default)s)")
    parser.add_argument("--url", default="", help="the function's public origin, https://...")
    parser.add_argument("--out", default="addon/build", type=Path, help="the folder to write (default: %(default)s)")
    parser.add_argument("--name", default=NAME, help="the add-on's name (default: %(default)s)")
    parser.add_argument("--logo", default="", help="the add-on's logo (default: the first solution's)")
    given = parser.parse_args(arguments)
    if not given.url:
        print("addon: say where the function is: make addon URL=https://...", file=sys.stderr)
        return 1
    try:
        made = product(load_solutions(given.config), given.url, given.name, given.logo)
        files = build(made)
        write(files, given.out)
    except (InvalidSetting, OSError) as error:
        print(f"addon: {error}", file=sys.stderr)
        return 1
    count = "1 solution" if len(made.entries) == 1 else f"{len(made.entries)} solutions"
    print(_WROTE.format(names=", ".join(files), folder=given.out, count=count, origin=made.origin), end="")
    print(_NEXT.format(folder=given.out), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
