"""A solution: one entry of Calendar's "Add video conferencing" menu, as the deployer configured it."""

import re
from datetime import timedelta
from typing import Any, Final

import msgspec

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
"""What Calendar knows a solution by: it stands in URLs and in names of functions."""

LOGO_HOSTS: Final = ("googleusercontent.com", "gstatic.com", "ggpht.com", "google.com")
LOGO: Final = re.compile(
    rf"https://(?:[a-z0-9-]+\.)*(?:{'|'.join(map(re.escape, LOGO_HOSTS))})/[!-~]+", re.ASCII | re.IGNORECASE
)
"""A logo lies on Google's infrastructure, as the Marketplace SDK's uploaded icons do (Provide conference solution
logos)."""


class Solution(msgspec.Struct, frozen=True):
    """One table `[solutions.ID]` of anyroom.toml.

    `id` is what Calendar knows it by and never changes; `provider` names a file of conference/providers; `options` is
    that provider's own typed `Options`. `domains` are the hosted domains (`hd`) that may use it, all when empty.
    `notes` (HTML) and `parameters` go into every ConferenceData of the solution. Where guests enter by our join page,
    `opens` is how long before the start, and `co_hosts` are the addresses of who may host beside the event's own.
    """

    id: str
    name: str
    logo: str
    provider: str
    options: Any
    domains: frozenset[str] = frozenset()
    notes: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    opens: timedelta = timedelta(minutes=15)
    co_hosts: frozenset[str] = frozenset()

    def is_for(self, domain: str) -> bool:
        """Whether users of that hosted domain, "" for none, may use it."""
        return not self.domains or domain in self.domains
