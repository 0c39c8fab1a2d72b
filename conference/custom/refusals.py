"""What a system's refusals mean: a table from its statuses and its own codes to the failures of our tree."""

import re
from collections.abc import Mapping

import msgspec

from conference.custom.expressions import Expression
from conference.custom.mistakes import Mistake, meant, quoted
from conference.custom.tables import Table, kind
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    Temporary,
)
from conference.providers.base import Code, Reply

WORDS: Mapping[str, type[ConferenceFailure]] = {
    "TEMPORARY": Temporary,
    "OUTCOME_UNKNOWN": OutcomeUnknown,
    "PERMANENT": Permanent,
    "PERMISSION_DENIED": PermissionDenied,
    "CONFERENCE_SOLUTION_FORBIDDEN": SolutionForbidden,
    "CREDENTIALS_REFUSED": CredentialsRefused,
}
"""TEMPORARY: nothing was made, and trying again may help. OUTCOME_UNKNOWN: as that, but something may have been made.
CREDENTIALS_REFUSED: the secrets are read anew, or the access token is renewed, and it is tried once more."""

_CODE = re.compile(r"[!-~]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,18}")


class Refusals(msgspec.Struct, frozen=True):
    """`table` is a provider's table of errors; `expression` finds the system's own code in a reply."""

    table: Mapping[Code, type[ConferenceFailure]] = msgspec.field(default_factory=dict)
    expression: Expression | None = None

    def code(self, reply: Reply) -> Code | None:
        """The system's own code in a reply, None where there is none, or where the reply cannot be read."""
        if self.expression is None or not reply.body:
            return None
        try:
            found = self.expression.of(reply.json())
        except Temporary:
            return None
        if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
            return None
        return code(found)


def code(written: Code) -> Code:
    """A code as the table has it: digits are a number, in a definition's keys as in a reply."""
    if isinstance(written, str):
        return int(written) if _NUMBER.fullmatch(written) else written[:64]
    return written


def read(definition: Table) -> Refusals:
    """The keys `error_code` and [errors]. Raises Mistake."""
    expression = (
        Expression(definition.text("error_code"), definition.at("error_code")) if definition.has("error_code") else None
    )
    table: dict[Code, type[ConferenceFailure]] = {}
    errors = definition.table("errors")
    for key, word in errors.items() if errors else ():
        assert errors
        if not _CODE.fullmatch(key):
            raise Mistake(errors.at(key), "is no code; expected a status or a word without blanks, 64 characters")
        if word == "AUTHENTICATION":
            raise Mistake(
                errors.at(key),
                "AUTHENTICATION is for users who connect; expected CREDENTIALS_REFUSED, which leads there",
            )
        if not isinstance(word, str):
            raise Mistake(errors.at(key), f"is {kind(word)}; expected one of {', '.join(sorted(WORDS))}")
        if word not in WORDS:
            raise Mistake(errors.at(key), f"{quoted(word)!r} is no failure; {meant(word, WORDS)}")
        if not isinstance(code(key), int) and expression is None:
            raise Mistake(errors.at(key), "is a code, but nothing says where replies have it; expected error_code")
        table[code(key)] = WORDS[word]
    return Refusals(table, expression)
