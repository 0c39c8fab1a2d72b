"""Each check of an ID token at its limit, and "Sign in with Google" bound to one sign-in of one client of ours."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from conference.errors import Unauthenticated, Unavailable
from conference.identity import Accepted, PublishedKeys, User, Verifier
from simulator import ids
from simulator.identity import ABSENT
from tests.conference.secrets.conftest import StoppedClock
from tests.conference.test_identity import ADA, Google, refusal

CLIENT = "our-client"
NONCE = "nonce-of-this-sign-in"


@pytest.fixture
def google() -> Google:
    """Google on a clock that stands still."""
    made = Google()
    made.clock = made.identity._clock = StoppedClock()  # type: ignore[assignment]  # a clock as good as the other
    return made


def signed(google: Google, **claims: Any) -> str:
    return google.identity.script_token(ADA, **claims)


def now(google: Google) -> float:
    return google.clock.now().timestamp()


def sign_in(google: Google, client: str = CLIENT, nonce: str | None = NONCE, **claims: Any) -> str:
    return google.identity.sign_in_token(ADA, client, nonce, "access-token", **claims)


def test_f66_a_sign_in_names_its_user(google: Google) -> None:
    user = google.verifier().signed_in_user(sign_in(google), CLIENT, NONCE)
    assert user == User(google.identity.subject(ADA), ADA, "example.com")


@pytest.mark.parametrize("nonce", [None, "", "nonce-of-another-sign-in"])
def test_f66_the_token_of_another_sign_in_is_refused(google: Google, nonce: str | None) -> None:
    token = sign_in(google, nonce=nonce)
    assert refusal(lambda: google.verifier().signed_in_user(token, CLIENT, NONCE)) == "wrong-nonce"


def test_f66_the_token_of_another_client_is_refused(google: Google) -> None:
    token = sign_in(google, client="another-client")
    assert refusal(lambda: google.verifier().signed_in_user(token, CLIENT, NONCE)) == "wrong-audience"


def test_f66_a_sign_in_is_checked_like_every_token(google: Google) -> None:
    token = sign_in(google, email_verified=False)
    assert refusal(lambda: google.verifier().signed_in_user(token, CLIENT, NONCE)) == "email-not-verified"


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_google_spells_itself_in_two_ways(google: Google, issuer: str) -> None:
    assert google.verifier().script_user(signed(google, iss=issuer)).email == ADA


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": -30}, ""),
        ({"exp": -31}, "expired"),
        ({"iat": 30}, ""),
        ({"iat": 31}, "not-yet-valid"),
        ({"nbf": 30}, ""),
        ({"nbf": 31}, "not-yet-valid"),
    ],
)
def test_f24_clocks_may_differ_by_thirty_seconds_and_no_more(
    google: Google, claims: Mapping[str, float], reason: str
) -> None:
    token = signed(google, **{name: now(google) + seconds for name, seconds in claims.items()})
    if reason:
        assert refusal(lambda: google.verifier().script_user(token)) == reason
    else:
        assert google.verifier().script_user(token).email == ADA


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", None, [], True, 1e12, -1e12, 1e300], ids=str)
def test_f24_a_time_is_a_number_of_seconds_of_this_age(google: Google, claim: str, value: object) -> None:
    assert refusal(lambda: google.verifier().script_user(signed(google, **{claim: value}))) == "no-times"


@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_f24_a_time_that_is_left_out_is_none(google: Google, claim: str) -> None:
    assert refusal(lambda: google.verifier().script_user(signed(google, **{claim: ABSENT}))) == "no-times"


def test_f24_the_largest_time_is_a_time(google: Google) -> None:
    assert google.verifier().script_user(signed(google, exp=1e12 - 1)).email == ADA


@pytest.mark.parametrize("subject", ["", 7, None, ["1"]])
def test_f24_a_subject_is_a_text(google: Google, subject: object) -> None:
    assert refusal(lambda: google.verifier().script_user(signed(google, sub=subject))) == "no-subject"


@pytest.mark.parametrize("email", ["", 7, None, ["ada@example.com"]])
def test_f24_an_address_is_a_text(google: Google, email: object) -> None:
    assert refusal(lambda: google.verifier().script_user(signed(google, email=email))) == "email-not-verified"


@pytest.mark.parametrize("domain", [7, None, ["example.com"]])
def test_a_hosted_domain_that_is_no_text_is_none(google: Google, domain: object) -> None:
    assert google.verifier().script_user(signed(google, hd=domain)).domain == ""


def test_nobody_has_a_hosted_domain_or_an_audience_until_it_is_said() -> None:
    assert User("1", ADA).domain == ""
    assert Accepted().addon_client == ""


@pytest.mark.parametrize("header", [{"crit": []}, {"b64": False}])
def test_f24_an_extension_that_must_be_understood_is_refused(google: Google, header: dict[str, Any]) -> None:
    token = signed(google, header=header)
    assert refusal(lambda: google.verifier().script_user(token)) == "critical-header"


def of_length(google: Google, length: int) -> str:
    """A good token of so many characters."""
    for more in range(4):
        header = {"filler": "x" * more}
        usual = (length - len(signed(google, header=header, filler=""))) * 3 // 4
        for filler in range(usual - 4, usual + 4):
            token = signed(google, header=header, filler="x" * filler)
            if len(token) == length:
                return token
    raise AssertionError(length)


def test_f24_a_token_has_at_most_eight_kilobytes(google: Google) -> None:
    assert google.verifier().script_user(of_length(google, 8192)).email == ADA
    token = of_length(google, 8193)
    assert refusal(lambda: google.verifier().script_user(token)) == "no-token"


def jws(google: Google, payload: bytes, header: bytes | None = None, pad: str = "") -> str:
    """A JWS that Google has signed, of any bytes."""
    key = google.identity.key
    head = header if header is not None else json.dumps({"alg": "RS256", "kid": key.kid}).encode()
    parts = [urlsafe_b64encode(part).decode().rstrip("=") + pad for part in (head, payload)]
    text = ".".join(parts)
    signature = urlsafe_b64encode(key.private.sign(text.encode(), PKCS1v15(), SHA256())).decode().rstrip("=")
    return f"{text}.{signature}"


@pytest.mark.parametrize("payload", [b"[]", b"7", b"null", b'"text"', b"{", b"\xff", b"[" * 3000])
def test_f24_claims_that_are_no_object_are_refused(google: Google, payload: bytes) -> None:
    assert refusal(lambda: google.verifier().script_user(jws(google, payload))) == "bad-token"


def test_f24_a_header_that_is_no_object_is_refused(google: Google) -> None:
    assert refusal(lambda: google.verifier().script_user(jws(google, b"{}", b'["RS256"]'))) == "bad-token"


def test_f24_base64url_has_no_padding_here(google: Google) -> None:
    assert refusal(lambda: google.verifier().script_user(jws(google, b"{}", pad="="))) == "bad-token"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "é.é.é", "{}.{}.{}"])
def test_f24_garbage_is_called_so(google: Google, token: str) -> None:
    assert refusal(lambda: google.verifier().script_user(token)) == ("bad-token" if token else "no-token")


def test_f24_the_kind_of_garbage_is_told_and_nothing_of_it(google: Google) -> None:
    with pytest.raises(Unauthenticated) as refused:
        google.verifier().script_user("canary.canary.canary")
    assert "canary" not in str(refused.value)
    assert refused.value.detail.endswith("Error")


@pytest.mark.parametrize("audience", ["12-ab.apps.googleusercontent.com.evil.example", "A.apps.googleusercontent.com"])
def test_what_only_looks_like_a_client_id_is_not_told(google: Google, audience: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        google.verifier().script_user(signed(google, aud=audience))
    assert audience not in refused.value.detail


def fetches(google: Google, keys: PublishedKeys, key: str, *moments: float) -> list[int]:
    """How often certificates had been fetched after the key was asked for at each of these seconds."""
    began, counts = google.clock.monotonic(), []
    for moment in moments:
        google.clock.sleep(began + moment - google.clock.monotonic())
        keys.having(key)
        counts.append(google.fetched)
    return counts


def test_f25_certificates_are_kept_for_their_time_and_no_longer(google: Google) -> None:
    keys = PublishedKeys(google.fetch, google.clock)
    assert fetches(google, keys, google.identity.key.kid, 0, 3599, 3600, 7199, 7200) == [1, 1, 2, 2, 3]


def test_f25_an_unknown_key_is_looked_for_again_after_a_minute(google: Google) -> None:
    keys = PublishedKeys(google.fetch, google.clock)
    assert fetches(google, keys, "nobody", 0, 59, 60, 119, 120) == [1, 1, 2, 2, 3]


def test_f25_where_there_is_no_key_google_is_asked_again_after_two_seconds(google: Google) -> None:
    google.down, keys, counts = True, PublishedKeys(google.fetch, google.clock), []
    for _ in range(6):
        with pytest.raises(Unavailable) as unavailable:
            keys.having("any")
        assert unavailable.value.reason == "certificates"
        counts.append(google.fetched)
        google.clock.sleep(1)
    assert counts == [1, 1, 2, 2, 3, 3]


def test_f25_keys_that_are_fetched_beforehand_are_there(google: Google) -> None:
    keys = PublishedKeys(google.fetch, google.clock)
    keys.prefetch()
    assert google.fetched == 1
    google.down = True
    assert keys.having(google.identity.key.kid) is not None
    keys.prefetch()
    assert google.fetched == 1


class SeenLock:
    """A lock; `awaited` is set when somebody has to wait for it, who then waits for more than a minute."""

    def __init__(self, google: Google) -> None:
        self._lock = threading.Lock()
        self._clock = google.clock
        self.awaited = threading.Event()

    def acquire(self, timeout: float = -1) -> bool:
        if self._lock.locked():
            self.awaited.set()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._clock.sleep(100)
        self._lock.release()


def test_f25_who_waits_for_another_one_s_fetch_has_what_it_brings(google: Google) -> None:
    lock = SeenLock(google)

    def slow() -> tuple[Mapping[str, Any], float]:
        assert lock.awaited.wait(10)
        return google.fetch()

    keys, kid = PublishedKeys(slow, google.clock), google.identity.key.kid
    keys._lock = lock  # type: ignore[assignment]  # stands in for the lock
    with ThreadPoolExecutor(2) as pool:
        assert None not in pool.map(keys.having, [kid, kid])
    assert google.fetched == 1


def test_f25_nobody_waits_for_another_one_s_fetch_for_ever(google: Google) -> None:
    keys, waited = PublishedKeys(google.fetch, google.clock), []

    class Taken:
        """A lock that somebody else keeps."""

        def acquire(self, timeout: float = -1) -> bool:
            waited.append(timeout)
            return False

    keys._lock = Taken()  # type: ignore[assignment]  # stands in for the lock
    with pytest.raises(Unavailable):
        keys.having("any")
    assert waited == [5.0]


def test_an_http_addon_is_known_by_its_account(google: Google) -> None:
    verifier = Verifier(
        Accepted(addon_account=ids.ADDON_SERVICE_ACCOUNT), PublishedKeys(google.fetch, google.clock), google.clock
    )
    verifier.check_addon(google.identity.system_token("https://a.example/"), frozenset({"https://a.example/"}))
