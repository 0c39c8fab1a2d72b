"""Requests are signed as RFC 5849's own examples are, and as Authlib signs them."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from authlib.oauth1.rfc5849.signature import (
    construct_base_string,
    hmac_sha1_signature,
    normalize_parameters,
)
from hypothesis import given
from hypothesis import strategies as st

from conference.custom import oauth1
from conference.custom.oauth1 import Credentials
from conference.providers.base import Request

PHOTOS = Credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44")


def test_the_base_string_of_section_3_4_1_1() -> None:
    request = Request(
        "POST",
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        form={"c2": "", "a3": "2 q"},
    )
    parameters = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }

    base = oauth1.base_string(request, parameters)

    assert base == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
        "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
        "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
        "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )
    # Section 3.1, with the secrets and the signature of erratum 2550.
    signer = Credentials("9djdj82h48djs9d2", "j49sk3j29djd", "kkk9d7dh3k39sjv7", "dh893hdasih9")
    assert oauth1.signature(base, signer, "HMAC-SHA1") == "r6/TJjbCOr97/+UU0NsvSne7s5g="


def test_the_request_for_photos_of_section_1_2() -> None:
    request = Request("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original")
    signer = Credentials(PHOTOS.key, PHOTOS.secret, "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")

    header = oauth1.authorization(request, signer, "HMAC-SHA1", "chapoH", 137131202, "Photos")

    assert header == (
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", '
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", '
        'oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"'
    )


@pytest.mark.parametrize(
    ("path", "token", "more", "signature"),
    [
        (
            "initiate",
            {},
            {
                "oauth_timestamp": "137131200",
                "oauth_nonce": "wIjqoS",
                "oauth_callback": "http://printer.example.com/ready",
            },
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            "token",
            {"token": "hh5s93j4hdidpola", "token_secret": "hdhd0244k9j7ao03"},
            {
                "oauth_timestamp": "137131201",
                "oauth_nonce": "walatlh",
                "oauth_token": "hh5s93j4hdidpola",
                "oauth_verifier": "hfdp7dh39dks9884",
            },
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
    ],
)
def test_the_requests_for_tokens_of_section_1_2(
    path: str, token: dict[str, str], more: dict[str, str], signature: str
) -> None:
    parameters = {"oauth_consumer_key": PHOTOS.key, "oauth_signature_method": "HMAC-SHA1", **more}
    base = oauth1.base_string(Request("POST", f"https://photos.example.net/{path}"), parameters)

    assert oauth1.signature(base, Credentials(PHOTOS.key, PHOTOS.secret, **token), "HMAC-SHA1") == signature


def test_a_plain_signature_is_both_secrets() -> None:
    signer = Credentials("key", "djr9rjt0jd78jf88", "token", "jjd999tj88uiths3")

    assert oauth1.signature("whatever", signer, "PLAINTEXT") == "djr9rjt0jd78jf88&jjd999tj88uiths3"
    assert oauth1.signature("whatever", Credentials("key", "a&b"), "PLAINTEXT") == "a%26b&"


def test_sha_256_is_as_sha_1_with_another_digest() -> None:
    expected = base64.b64encode(hmac.new(b"a%20b&c", b"base", hashlib.sha256).digest()).decode()
    assert oauth1.signature("base", Credentials("key", "a b", "t", "c"), "HMAC-SHA256") == expected


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://rooms.example.org", "https://rooms.example.org/"),
        ("https://ROOMS.example.org:443/A", "https://rooms.example.org/A"),
        ("https://rooms.example.org:80/", "https://rooms.example.org:80/"),
        ("http://rooms.example.org:443/", "http://rooms.example.org:443/"),
        ("http://[2001:DB8::1]:8080/a", "http://[2001:db8::1]:8080/a"),
    ],
)
def test_the_url_is_signed_as_section_3_4_1_2_says(url: str, signed: str) -> None:
    assert oauth1.base_string(Request("GET", url), {}).split("&")[1] == quote(signed, safe="")


def test_who_has_no_token_sends_none() -> None:
    header = oauth1.authorization(Request("GET", "https://a.example/"), Credentials("k", "s"), "PLAINTEXT", "n", 7)
    assert header == (
        'OAuth oauth_consumer_key="k", oauth_signature_method="PLAINTEXT", oauth_timestamp="7", oauth_nonce="n", '
        'oauth_signature="s%26"'
    )


def test_credentials_show_nothing_of_themselves() -> None:
    assert repr(Credentials("canary", "canary", "canary", "canary")) == "Credentials(...)"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    query=st.lists(st.tuples(TEXTS, TEXTS), max_size=4), form=st.dictionaries(TEXTS, TEXTS, max_size=4), secret=TEXTS
)
def test_any_request_is_signed_as_authlib_signs_it(
    query: list[tuple[str, str]], form: dict[str, str], secret: str
) -> None:
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    request = Request("PUT", f"https://rooms.example.org:8443/a%20b/c?{pairs}", form=form)
    parameters = {"oauth_nonce": "n", "oauth_timestamp": "1"}

    base = oauth1.base_string(request, parameters)

    given_pairs: list[Any] = [*parse_qsl(urlsplit(request.url).query, keep_blank_values=True), *parameters.items()]
    given_pairs += parse_qsl(urlencode(form), keep_blank_values=True)
    assert oauth1.normalized(given_pairs) == normalize_parameters(given_pairs)
    assert base == construct_base_string("PUT", request.url, given_pairs)
    expected = hmac_sha1_signature(base, secret, "t s")
    assert oauth1.signature(base, Credentials("k", secret, "t", "t s"), "HMAC-SHA1") == expected
