"""What cannot be installed is refused with one line that names the setting."""

from collections.abc import Callable

import pytest

from addon.product import product
from conference.errors import InvalidSetting
from conference.solution import Solution

URL = "https://rooms.example.org"
Make = Callable[..., Solution]


def refusal(*solutions: Solution, url: str = URL, name: str = "Anyroom", logo: str = "") -> str:
    with pytest.raises(InvalidSetting) as refused:
        product(solutions, url, name, logo)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://rooms.example.org",
        "https://rooms.example.org/function",
        "https://rooms.example.org?x=1",
        "https://rooms.example.org/#x",
        "https://ann@rooms.example.org",
        "https://rooms.example.org:8443",
        "https://localhost",
        "https://127.0.0.1",
        "https://rooms.example.org\n",
        "https://rooms..example.org",
        "https://rooms.example.org/\u2028",
        "rooms.example.org",
        "",
    ],
)
def test_an_address_that_is_no_plain_https_origin_is_refused(url: str, make_solution: Make) -> None:
    assert refusal(make_solution("jitsi"), url=url).startswith("--url: ")


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://ROOMS.example.org", "HTTPS://rooms.example.ORG/"])
def test_an_origin_is_written_in_one_way(url: str, make_solution: Make) -> None:
    assert product([make_solution("jitsi")], url).origin == URL


@pytest.mark.parametrize(
    "logo",
    [
        "",
        "http://lh3.googleusercontent.com/a",
        "https://example.org/a.png",
        "https://lh3.googleusercontent.com.example.org/a",
        "https://example.org/lh3.googleusercontent.com/a",
        "https://notgoogleusercontent.com/a",
        "https://lh3.googleusercontent.com@example.org/a",
        "https://lh3.googleusercontent.com",
        "https://lh3.googleusercontent.com/a b",
    ],
)
def test_a_logo_elsewhere_than_on_googles_servers_is_refused(logo: str, make_solution: Make) -> None:
    said = refusal(make_solution("jitsi"), make_solution("zoom", logo=logo))
    assert said.startswith("[solutions.zoom] logo: ")


@pytest.mark.parametrize(
    "logo", ["https://lh3.googleusercontent.com/a=s32", "https://www.gstatic.com/a/b.png", "https://lh5.ggpht.com/a"]
)
def test_a_logo_on_googles_servers_is_kept_as_it_is(logo: str, make_solution: Make) -> None:
    made = product([make_solution("jitsi", logo=logo)], URL)
    assert made.entries[0].logo == logo
    assert made.logo == logo


@pytest.mark.parametrize("id", ["", "-a", "A", "a_b", "a.b", "a" * 64, "ä", "a\n", 'a"'])
def test_an_id_that_calendar_or_javascript_could_not_hold_is_refused(id: str, make_solution: Make) -> None:
    assert refusal(make_solution(id)).startswith("[solutions.")


def test_an_id_of_63_characters_is_taken(make_solution: Make) -> None:
    assert product([make_solution("a" * 63)], URL).entries[0].id == "a" * 63


def test_an_id_is_configured_once(make_solution: Make) -> None:
    assert refusal(make_solution("a"), make_solution("b"), make_solution("a")).startswith("[solutions.a]: ")


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\x07"])
def test_a_name_that_a_menu_cannot_show_is_refused(name: str, make_solution: Make) -> None:
    assert refusal(make_solution("jitsi", name)).startswith("[solutions.jitsi] name: ")
    assert refusal(make_solution("jitsi"), name=name).startswith("--name: ")


def test_the_addons_own_logo_keeps_the_same_rule(make_solution: Make) -> None:
    assert refusal(make_solution("jitsi"), logo="https://example.org/a").startswith("--logo: ")


def test_an_addon_without_a_solution_is_refused() -> None:
    assert refusal().startswith("[solutions]: ")
