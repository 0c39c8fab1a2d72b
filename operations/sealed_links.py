"""The join links that conferences keep sealed: how many each key has sealed, and one sealed anew."""

from collections import Counter

import msgspec

from conference.errors import Conflict, Unsealable
from conference.seal import key_id
from operations.console import Console
from operations.site import Site
from sync import records
from sync.records import MAPPINGS
from sync.store import Replace

_TRIES = 5


class SealedLinks:
    """`counts` says how many each key has sealed, by its id; `behind` are the mappings whose link another key than the
    first has sealed. `closed` counts links that do not open with any, `busy` those that syncs kept writing.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.counts: Counter[str] = Counter()
        self.behind: list[str] = []
        self.done = 0
        self.closed = 0
        self.busy = 0

    def read(self, first: str, console: Console) -> None:
        """Look at all of them; `first` is the id of the key that seals. Raises StoreUnavailable, Stopped."""
        for document in self._site.all(MAPPINGS, console):
            try:
                sealed = records.mapping(document).meeting
            except msgspec.ValidationError as defect:
                console.say(f"{document.key}: {defect}")
                continue
            if sealed:
                self.counts[key_id(sealed)] += 1
                if key_id(sealed) != first:
                    self.behind.append(document.key)

    def rotate(self, key: str) -> None:
        """Seal that mapping's link anew, as it now is. Raises StoreUnavailable, SecretUnavailable."""
        for _ in range(_TRIES):  # a sync may be writing it
            document = self._site.store.get(MAPPINGS, key)
            kept = records.kept(records.mapping(document)) if document else None
            if document is None or kept is None or not kept.meeting:
                return
            try:
                meeting = self._site.parts.links.again(kept).meeting
            except Unsealable:
                self.closed += 1
                return
            try:
                self._site.store.commit([Replace(document, {**document.body, "meeting": meeting})])
            except Conflict:
                continue
            self.done += 1
            return
        self.busy += 1
