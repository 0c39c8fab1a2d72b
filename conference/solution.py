"""A solution: one entry of Calendar's "Add video conferencing" menu, as the deployer configured it."""

from typing import Any

import msgspec


class Solution(msgspec.Struct, frozen=True):
    """One table `[solutions.ID]` of anyroom.toml.

    `id` is what Calendar knows it by and never changes; `provider` names a file of conference/providers; `options` is
    that provider's own typed `Options`. `domains` are the hosted domains (`hd`) that may use it, all when empty.
    `notes` (HTML) and `parameters` go into every ConferenceData of the solution.
    """

    id: str
    name: str
    logo: str
    provider: str
    options: Any
    domains: frozenset[str] = frozenset()
    notes: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
