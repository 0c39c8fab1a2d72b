"""A conferencing system behind a definition: a provider's declaration and functions, made of tables."""

from typing import Any

from conference.custom.addresses import Address
from conference.custom.definition import Definition
from conference.custom.fields import Facts
from conference.errors import OutcomeUnknown
from conference.event import Event
from conference.providers.base import Account, Call, Changes, Conference, Known, Provider


class System:
    """The provider that a definition describes; its methods are what conference/providers/base.py says of functions."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def declared(self, name: str, options: type[Any]) -> Provider:
        """What the definition declares, under that name, with that type of options."""
        definition, proof = self.definition, self.definition.authentication
        secret = proof.kind != "none" or any(field.private for field in definition.declared.fields.values())
        return Provider(
            name=name,
            authentication="oauth" if proof.oauth else "secrets" if secret else "none",
            idempotency=definition.idempotency,
            options=options,
            hosts=self._hosts,
            updates=definition.updates,
            deletes=bool(definition.delete.steps),
            outlives_event=definition.outlives_event,
            lacks=frozenset() if definition.find.steps else frozenset({"find"}),
            limits=definition.limits,
            errors=definition.refusals.table,
            error_code=definition.refusals.code,
            oauth=proof.oauth,
        )

    def _hosts(self, options: Any) -> tuple[str, ...]:
        """The origins of its URLs, and no other."""
        asked: list[Address] = [step.address for steps in self.definition.steps for step in steps.steps]
        asked += self.definition.authentication.addresses
        return tuple(dict.fromkeys(address.origin(options) for address in asked))

    def create(self, event: Event, attempt: str, call: Call) -> Conference:
        """A conference, made by the requests of `create`, read as `reply` says."""
        facts = Facts(call, event=event, attempt=attempt)
        return self.definition.reply.conference(self.definition.create.run(facts), facts)

    def update(self, known: Known, changes: Changes, call: Call) -> None:
        """Tell the system the event, by the requests of `update`."""
        facts = Facts(call, changes.event, known.attempt, known.id, known.account, changes.fields)
        self.definition.update.run(facts)

    def delete(self, known: Known, call: Call) -> None:
        """Delete the conference; one that is gone is as good."""
        facts = Facts(call, attempt=known.attempt, id=known.id, account=known.account)
        self.definition.delete.run(facts)

    def find(self, attempt: str, call: Call) -> Conference | None:
        """The conference of that attempt, None when a request is refused as it says, or nothing is found."""
        facts = Facts(call, attempt=attempt)
        reply = self.definition.find.run(facts)
        if reply is None or reply.status >= 400:
            return None
        document = reply.json()
        found = document if self.definition.found is None else self.definition.found.of(document)
        return None if found is None else self.definition.reply_found.of(found, facts)

    def account(self, call: Call) -> Account:
        """Whose access token it is; nobody's in particular where the definition does not ask."""
        account = self.definition.account
        if account is None:
            return Account("")
        facts = Facts(call)
        reply = account.steps.run(facts)
        document = reply.json() if reply else None
        found = account.id.of(document, facts)
        if found is None or found == "":
            raise OutcomeUnknown("malformed-reply", "an account without an id")
        address = account.address.of(document, facts) if account.address else None
        return Account(str(found), str(address or ""))
