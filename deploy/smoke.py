"""A revision that is fit for its users answers four questions right; one that is not is told apart, and why.

`python3 deploy/smoke.py URL` needs nothing beside Python: no packages, no credentials. It changes nothing and creates
nothing. One line for each question, and exit code 1 when an answer was wrong or none came.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

_MOST = 4096
"""Bytes of an answer that are read; ours have fewer than 100."""
_PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers of a revision that is still starting, or of what stands before it: worth another try."""


class Question(NamedTuple):
    """What is asked and what must be answered, to the letter."""

    method: str
    path: str
    status: int
    body: Mapping[str, str]
    headers: Mapping[str, str] = {}


class Answer(NamedTuple):
    """A status and a body; `wrong` says why there is none, in a few words."""

    status: int = 0
    body: bytes = b""
    wrong: str = ""


QUESTIONS = (
    Question("GET", "/health", 200, {"status": "ok"}),
    Question("POST", "/conferences?solution=smoke", 401, {"error": "unauthenticated"}),
    # The token has the form of ours, so that the store is asked for it: 503 when it is away or not ours to read.
    Question(
        *("POST", "/notifications", 404, {"error": "not found"}),
        headers={
            "X-Goog-Channel-ID": "smoke",
            "X-Goog-Channel-Token": f"{'0' * 32}.{'0' * 16}",
            "X-Goog-Resource-ID": "smoke",
            "X-Goog-Resource-State": "exists",
        },
    ),
    Question("GET", "/no-such-page", 404, {"error": "not found"}),
)


def ask(url: str, question: Question, seconds: float) -> Answer:
    """One request; nothing is waited for longer than `seconds`. Raises nothing."""
    try:
        parts = urlsplit(url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=seconds)
        try:
            connection.request(
                question.method, question.path, b"{}" if question.method == "POST" else None, dict(question.headers)
            )
            response = connection.getresponse()
            return Answer(response.status, response.read(_MOST))
        finally:
            connection.close()
    except TimeoutError:
        return Answer(wrong=f"no answer within {seconds:g} s")
    except (OSError, HTTPException, ValueError) as error:  # ValueError: the address is none
        return Answer(wrong=f"no answer: {type(error).__name__}")


def wrong(question: Question, answer: Answer) -> str:
    """What is wrong with an answer, "" when it is as it must be."""
    if answer.wrong:
        return answer.wrong
    if answer.status != question.status:
        return f"{answer.status} in place of {question.status}"
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    return "" if body == question.body else f"{answer.status}, but the body is not {json.dumps(question.body)}"


def asked(url: str, question: Question, seconds: float, tries: int, pause: Callable[[], None]) -> Answer:
    """The answer, or the last one after so many tries; only what may pass is tried again."""
    answer = ask(url, question, seconds)
    for _ in range(tries - 1):
        if not wrong(question, answer) or not (answer.wrong or answer.status in _PASSING):
            break
        pause()
        answer = ask(url, question, seconds)
    return answer


def main(arguments: list[str]) -> int:
    """Ask everything of the revision at that address: 0 when all is well."""
    parser = argparse.ArgumentParser(prog="smoke.py", description=__doc__)
    parser.add_argument("url", help="the address of the revision, https://...")
    parser.add_argument("--seconds", type=float, default=15.0, help="the longest wait for one answer")
    parser.add_argument("--tries", type=int, default=4, help="for an answer that may come late, as at a cold start")
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two tries")
    options = parser.parse_args(arguments)
    problems = 0
    for question in QUESTIONS:
        answer = asked(options.url, question, options.seconds, options.tries, lambda: time.sleep(options.pause))
        found = wrong(question, answer)
        problems += bool(found)
        line = f"{question.method} {question.path.partition('?')[0]}: {found or answer.status}"
        print(f"{'problem' if found else 'ok':8} {line}", flush=True)
        if answer.wrong:
            break  # nobody is there: the other questions would only wait
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
