"""What is sealed opens with any of our keys, only where it was sealed for, and only whole."""

import base64
import hashlib
import os
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.clock import SystemClock
from conference.errors import InvalidSetting, SecretUnavailable, Unsealable
from conference.seal import Seal, open_seal, read_keys
from conference.secrets.cache import PAUSE, Secrets
from conference.secrets.source import Payload
from tests.conference.secrets.conftest import StoppedClock

CANARY = "canary-token-5fbb0c1e"
PLACE = ("connection", "0123")


def key(name: str) -> str:
    """A key as `openssl rand -base64 32` writes it, the same for the same name."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


class Values:
    """A source of secrets: what they are, and how often one was read."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.readings: list[str] = []

    def fetch(self, name: str) -> Payload:
        self.readings.append(name)
        return Payload(self.values[name].encode())


class Desk:
    """A seal, the secret that its keys are in, and how often that was read."""

    def __init__(self, *keys: str) -> None:
        self.clock = StoppedClock()
        self.values = Values()
        self.rotate(*keys)
        self.seal = self.another()

    def rotate(self, *keys: str) -> None:
        self.values.values["keys"] = "\n".join(map(key, keys)) + "\n"

    def another(self) -> Seal:
        """The seal of another instance, which has read nothing yet."""
        return Seal("keys", Secrets(self.values, self.clock), os.urandom)


@given(st.text(), st.lists(st.text(), max_size=3))
def test_what_was_sealed_opens_where_it_was_sealed_for(text: str, place: list[str]) -> None:
    desk = Desk("a")
    sealed = desk.seal.seal(text, *place)
    assert sealed.isascii()
    assert desk.another().open(sealed, *place) == text


def test_the_same_text_is_sealed_differently_each_time() -> None:
    seal = Desk("a").seal
    assert seal.seal(CANARY, *PLACE) != seal.seal(CANARY, *PLACE)


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_f71_what_was_sealed_for_another_place_does_not_open(here: list[str], there: list[str]) -> None:
    seal = Desk("a").seal
    sealed = seal.seal(CANARY, *here)
    if here == there:
        return
    with pytest.raises(Unsealable) as raised:
        seal.open(sealed, *there)
    assert raised.value.reason == "seal-broken"


@given(st.data())
def test_f71_what_was_cut_or_changed_does_not_open_and_tells_nothing(data: st.DataObject) -> None:
    seal = Desk("a").seal
    sealed = seal.seal(CANARY, *PLACE)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != sealed[at]))
    changed = data.draw(
        st.sampled_from([sealed[:at], sealed[at:], sealed[:at] + other + sealed[at + 1 :], sealed + other])
    )
    if changed == sealed:
        return
    with pytest.raises(Unsealable) as raised:
        seal.open(changed, *PLACE)
    assert raised.value.__context__ is None
    assert CANARY not in "".join(traceback.format_exception(raised.value))


@given(st.integers(0, 255), st.integers(0, 7))
def test_f71_one_flipped_bit_is_enough(byte: int, bit: int) -> None:
    seal = Desk("a").seal
    head, _, content = seal.seal(CANARY, *PLACE).rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(content))
    raw[byte % len(raw)] ^= 1 << bit
    with pytest.raises(Unsealable):
        seal.open(f"{head}.{base64.urlsafe_b64encode(raw).decode()}", *PLACE)


def test_f71_a_text_under_another_key_s_name_does_not_open() -> None:
    seal = Desk("a", "b").seal
    keys = seal.keys()
    ids = [known.id for known in keys]
    sealed = seal.seal(CANARY, *PLACE)
    assert ids[0] in sealed
    with pytest.raises(Unsealable):
        seal.open(sealed.replace(ids[0], ids[1]), *PLACE)


def test_f71_what_is_sealed_in_another_way_does_not_open() -> None:
    seal = Desk("a").seal
    sealed = seal.seal(CANARY, *PLACE)
    assert sealed.startswith("1.")
    with pytest.raises(Unsealable) as raised:
        seal.open(f"2{sealed[1:]}", *PLACE)
    assert raised.value.reason == "seal-key-unknown"


@pytest.mark.parametrize("sealed", ["", ".", "..", "1..", CANARY, "1.0123.é", "1.\ud800.x"])
def test_f71_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(Unsealable):
        Desk("a").seal.open(sealed, *PLACE)


def test_f70_all_keys_open_and_the_first_one_seals() -> None:
    desk = Desk("old")
    sealed = desk.seal.seal(CANARY, *PLACE)
    desk.rotate("new", "old")
    both = desk.another()
    assert both.open(sealed, *PLACE) == CANARY
    again = both.seal(CANARY, *PLACE)
    desk.rotate("new")
    only_new = desk.another()
    assert only_new.open(again, *PLACE) == CANARY
    with pytest.raises(Unsealable) as raised:
        only_new.open(sealed, *PLACE)
    assert raised.value.reason == "seal-key-unknown"


def test_f70_a_key_that_came_while_the_keys_were_cached_opens_at_once() -> None:
    desk = Desk("old")
    desk.seal.seal("anything", *PLACE)
    desk.rotate("new", "old")
    sealed = desk.another().seal(CANARY, *PLACE)
    assert desk.seal.open(sealed, *PLACE) == CANARY


def test_f70_a_key_that_nobody_knows_is_asked_for_once() -> None:
    desk = Desk("a")
    desk.rotate("gone")
    sealed = desk.another().seal(CANARY, *PLACE)
    desk.rotate("a")
    desk.seal.keys()
    before = len(desk.values.readings)
    for _ in range(5):
        with pytest.raises(Unsealable):
            desk.seal.open(sealed, *PLACE)
    assert len(desk.values.readings) == before + 1
    desk.clock.sleep(PAUSE)
    with pytest.raises(Unsealable):
        desk.seal.open(sealed, *PLACE)
    assert len(desk.values.readings) == before + 2


def test_f71_what_is_broken_is_no_reason_to_read_the_keys_again() -> None:
    desk = Desk("a")
    sealed = desk.seal.seal(CANARY, *PLACE)
    with pytest.raises(Unsealable):
        desk.seal.open(sealed, "elsewhere")
    assert len(desk.values.readings) == 1


def test_blank_lines_and_the_ends_of_windows_lines_are_no_keys() -> None:
    assert len(read_keys(f"\r\n{key('a')}\r\n\n  {key('b')}  \n")) == 2


@pytest.mark.parametrize(
    "line",
    [CANARY, key("a")[:-4], key("a") * 2, base64.b64encode(bytes(32)).decode(), f"{key('a')},", f"{key('a')[:9]}é"],
    ids=["words", "short", "long", "zeros", "comma", "letters"],
)
def test_a_line_that_is_no_key_is_named_and_not_repeated(line: str) -> None:
    with pytest.raises(SecretUnavailable, match=r"ANYROOM_KEYS: line 3 .*openssl rand -base64 32") as raised:
        read_keys(f"{key('a')}\n\n{line}\n{key('b')}")
    assert raised.value.reason == "keys-malformed"
    assert line not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("count", [0, 17])
def test_there_are_one_to_sixteen_keys(count: int) -> None:
    with pytest.raises(SecretUnavailable, match=f"ANYROOM_KEYS: {count} keys, 1 to 16 ") as raised:
        read_keys("\n".join(key(str(number)) for number in range(count)))
    assert raised.value.reason == "keys-count"
    assert len(read_keys("\n".join(key(str(number)) for number in range(16)))) == 16


def test_keys_are_derived_once_until_the_secret_changes() -> None:
    desk = Desk("a")
    keys = desk.seal.keys()
    assert desk.seal.keys() is keys


@pytest.mark.parametrize("setting", ["", key("a"), "secret:", "secret:a/b"])
def test_keys_come_from_a_secret_and_a_key_in_the_setting_is_not_repeated(setting: str) -> None:
    with pytest.raises(InvalidSetting, match="ANYROOM_KEYS") as raised:
        open_seal(setting, Secrets(Values(), SystemClock()), os.urandom)
    assert key("a") not in str(raised.value)


def test_the_setting_names_the_secret() -> None:
    desk = Desk("a")
    seal = open_seal("secret:keys", Secrets(desk.values, desk.clock), os.urandom)
    assert seal.open(desk.seal.seal(CANARY), *()) == CANARY


def test_keys_show_nothing_of_themselves() -> None:
    [known] = read_keys(key("a"))
    assert repr(known) == f"Key(id='{known.id}')"
    material = known.material
    shown = repr(Desk("a").seal.keys())
    assert repr(material) not in shown
    assert material.hex() not in shown


def test_what_an_earlier_version_sealed_stays_good() -> None:
    desk = Desk("a")
    fixed = Seal("keys", Secrets(desk.values, desk.clock), lambda count: bytes(range(count)))
    sealed = "1.328b2696bc9b.AAECAwQFBgcICQoLOr_5M2HmfBuVC5qFfmcSodynpzU="
    assert fixed.seal("text", *PLACE) == sealed
    assert desk.seal.open(sealed, *PLACE) == "text"
