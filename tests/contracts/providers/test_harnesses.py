"""No harness is forgotten: each is one of its provider's ways, and each provider has one of its own."""

from conference.providers import names
from tests.contracts.providers.harness import HARNESSES, provider_of, ways


def test_every_harness_is_tried_with_its_provider() -> None:
    tried = {way: name for name in names() for way in ways(name)}

    assert set(tried) == {path.stem for path in HARNESSES.glob("*.py")}
    assert tried == {way: provider_of(way) for way in tried}


def test_a_provider_that_can_be_set_up_in_several_ways_is_tried_in_all_of_them() -> None:
    assert ways("jitsi") == ["jitsi", "jitsi_jaas", "jitsi_token"]
    assert ways("zoom") == ["zoom", "zoom_account"]
