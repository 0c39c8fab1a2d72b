"""What a real browser makes of the pages' rules: nothing is framed, leaked, loaded or run that is not ours."""

from tests.browser.person import Person

PAGES = ("/settings", "/connect/nothing", "/oauth/callback/zoom?state=none")
FREE = "/static/style.css"
"""A page of the simulator's without rules of its own: it may frame, and be framed."""


def framed(person: Person, url: str) -> str:
    """What is shown of that address in a frame on a page of the simulator's."""
    person.open(person.site.simulator.url + FREE)
    person.page.evaluate(
        """url => new Promise(done => {
            const frame = document.createElement("iframe")
            frame.onload = done
            frame.src = url
            document.body.replaceChildren(frame)
        })""",
        url,
    )
    return person.page.frame_locator("iframe").locator("body").inner_text()


def test_no_page_is_shown_in_a_frame(person: Person) -> None:
    assert "color-scheme" in framed(person, person.site.simulator.url + FREE)
    for path in PAGES:
        refused = framed(person, person.site.url + path)
        assert "refused to connect" in refused, refused
    assert len(person.complaints) == len(PAGES)
    assert all("frame-ancestors" in one for one in person.complaints), person.complaints
    person.complaints.clear()


def test_a_script_reads_no_cookie_of_ours(person: Person) -> None:
    person.sign_in()
    person.open("/settings")
    assert [cookie["name"] for cookie in person.context.cookies(person.site.url)]
    assert person.page.evaluate("() => document.cookie") == ""


def test_a_page_may_load_and_run_nothing_that_was_put_into_it(person: Person) -> None:
    person.sign_in()
    person.open("/settings")
    person.page.evaluate(
        """async origin => {
            for (const [tag, address] of [["img", "src"], ["script", "src"], ["iframe", "src"]]) {
                const put = document.createElement(tag)
                const answered = new Promise(done => { put.onload = put.onerror = done; setTimeout(done, 500) })
                put[address] = origin + "/put-there"
                document.body.append(put)
                await answered
            }
            const script = document.createElement("script")
            script.textContent = "window.ran = true"
            document.body.append(script)
        }""",
        person.site.simulator.url,
    )
    assert person.page.evaluate("() => 'ran' in window") is False
    assert person.site.simulator.requests.under("/put-there") == []
    assert len(person.complaints) == 4
    person.complaints.clear()


def test_neither_google_nor_zoom_learns_where_a_visitor_came_from(person: Person) -> None:
    person.sign_in()
    person.open("/settings")
    person.button("/connect/zoom").click()
    person.agree()
    headers = [one.all_headers() for one in person.asked if one.url.startswith(person.site.simulator.url)]
    assert len(headers) >= 4
    told = [one["referer"] for one in headers if one.get("referer", "").startswith(person.site.url)]
    assert told == []
