"""`make doctor`: one line a check, and what to do about each problem; 0 without one, 1 with, 130 when interrupted."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from itertools import chain

from conference.clock import SystemClock
from dev.stop import Stop, Stopped
from doctor import address, configuration, google, machine, solutions, storage
from doctor.finding import Check
from doctor.round import Round
from doctor.subject import Subject


def checks(subject: Subject) -> Iterator[Check]:
    """All checks, in the order in which they are told."""
    of_subject = (configuration, storage, google, address, solutions)
    return chain(machine.checks(), *(each.checks(subject) for each in of_subject))


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Check everything, and tell it on standard output."""
    stop = Stop()
    # What is logged meanwhile is told as a finding.
    logging.getLogger().addHandler(logging.NullHandler())
    clock = SystemClock()
    print("A probe document is written to the store and deleted; nothing else is changed.", flush=True)
    running = Round(list(checks(Subject(environment, clock))), clock)
    counts = {"ok": 0, "warning": 0, "problem": 0}
    try:
        for finding in running.findings(stop.pause):
            counts[finding.level] += 1
            print(finding.line(), flush=True)
    except Stopped:
        running.settle(clock)
        print("Stopped.")
        return 130
    print(f"{_number(counts['problem'], 'problem')}, {_number(counts['warning'], 'warning')}.")
    return 1 if counts["problem"] else 0


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
