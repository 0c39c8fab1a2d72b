"""A mistake in a solution that holds its own definition is found at the start, with its line in anyroom.toml."""

from pathlib import Path

import pytest

import settings
from conference.errors import InvalidSetting

INLINE = """\
[solutions.other]
provider = "jitsi"
name = "Jitsi"
logo = "https://www.gstatic.com/x.png"

[solutions.acme]
provider = "custom"
name = "Acme"
logo = "https://www.gstatic.com/x.png"
idempotency = "none"
options = { api = "https://api.example.org", level = 3 }
authentication = { type = "bearer", token = "secret:acme-key" }

[[solutions.acme.create]]
method = "POST"
url = "{options.api}/rooms"
json = { title = "{summary}", level = "{options.level}" }

[solutions.acme.reply]
id = "id"
video = { url = "url" }
"""
INLINE_MISTAKES = {
    "a field": ("{summary}", "{sumary}", "line 17, [solutions.acme] create[1].json.title: {sumary} is no field here"),
    "a key": ('url = "{opt', 'urll = "{opt', "line 14, [solutions.acme] create[1].url: is missing; expected text"),
    "a secret's name": (
        "secret:acme-key",
        "secret:canary key",
        "line 12, [solutions.acme] authentication.token: names no secret",
    ),
    "a value": ("level = 3", "level = 3.5", "line 11, [solutions.acme] options.level: is a number; expected text"),
    "a secret in an address": (
        'url = "{options.api}/rooms"',
        'url = "{options.api}/rooms"\nquery = { key = "secret:acme-key" }',
        "line 17, [solutions.acme] create[1].query.key: is a secret, which must not stand in an address",
    ),
    "a secret in an address by an option": (
        "level = 3 }",
        'level = 3, key = "secret:acme-key" }\nfind = [{ method = "GET", url = "{options.api}?key={options.key}" }]',
        "line 12, [solutions.acme] find[1].url: {options.key} must not stand in an address",
    ),
    "a secret for guests": (
        'video = { url = "url" }',
        'video = { url = "url" }\nnotes = { template = "secret:acme-key" }',
        "line 22, [solutions.acme] reply.notes.template: has a secret, which guests would read",
    ),
    "a large number": (
        "level = 3",
        "level = 9007199254740993",
        "line 11, [solutions.acme] options.level: is a number above 9007199254740992; expected text",
    ),
    "an address": (
        "https://api.example.org",
        "http://metadata/",
        "line 11, [solutions.acme] options.api: must lead elsewhere",
    ),
    "a secret inside other text": (
        'token = "secret:acme-key"',
        'token = "key=secret:acme-key"',
        "line 12, [solutions.acme] authentication.token: has secret:NAME inside other text; expected {options.NAME}",
    ),
    "a secret inside a header": (
        'url = "{options.api}/rooms"',
        'url = "{options.api}/rooms"\nheaders = { X-Key = "Key secret:acme-key" }',
        "line 17, [solutions.acme] create[1].headers.X-Key: has secret:NAME inside other text",
    ),
    "a secret inside an address": (
        'url = "{options.api}/rooms"',
        'url = "{options.api}/rooms?key=secret:acme-key"',
        "line 16, [solutions.acme] create[1].url: has secret:NAME inside other text",
    ),
    "a secret inside a query": (
        'url = "{options.api}/rooms"',
        'url = "{options.api}/rooms"\nquery = { key = "Key secret:acme-key" }',
        "line 17, [solutions.acme] create[1].query.key: has secret:NAME inside other text",
    ),
    "a create that only reads": (
        'method = "POST"\nurl = "{options.api}/rooms"\njson = { title = "{summary}", level = "{options.level}" }',
        'method = "GET"\nurl = "{options.api}/rooms/{options.level}"',
        "line 14, [solutions.acme] create: has only GETs, which are repeated when a reply is lost",
    ),
    "what find does not keep": (
        (
            'url = "{options.api}/rooms"\njson = { title = "{summary}", level = "{options.level}" }\n\n'
            '[solutions.acme.reply]\nid = "id"\nvideo = { url = "url" }'
        ),
        (
            'url = "{options.api}/{attempt}"\njson = "{options.level}"\nkeep = { key = "key" }\n'
            '[[solutions.acme.find]]\nmethod = "GET"\nurl = "{options.api}/{attempt}"\n'
            '[solutions.acme.reply]\nid = "id"\nvideo = { url = { template = "{options.api}/{kept.key}" } }'
        ),
        "expected one of attempt, host, id, now, options.api, options.level; find's reply is read so too",
    ),
    "a query that a path would follow": (
        'api = "https://api.example.org"',
        'api = "https://api.example.org?v=1"',
        "line 16, [solutions.acme] create[1].url: goes on after the query of {options.api}; expected it in query",
    ),
    "what is missing": (
        'idempotency = "none"',
        "",
        "line 6, [solutions.acme] idempotency: is missing; expected one of ",
    ),
    "a create that is missing": (
        INLINE[INLINE.index("[[solutions.acme.create") : INLINE.index("[solutions.acme.reply")],
        "",
        "line 6, [solutions.acme] create: is missing; expected a list with a request",
    ),
    "a reply that is missing": (
        INLINE[INLINE.index("[solutions.acme.reply") :],
        "",
        "line 6, [solutions.acme] reply: is missing; expected a table with the id and the link of a conference",
    ),
    "what nobody asks for": (
        "idempotency =",
        "colour = 1\nidempotency =",
        "line 10, [solutions.acme] colour: is no option of custom",
    ),
}


@pytest.mark.parametrize(("right", "wrong", "complaint"), INLINE_MISTAKES.values(), ids=INLINE_MISTAKES)
def test_a_mistake_in_a_solution_is_named_with_its_line_too(
    tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    path = tmp_path / "anyroom.toml"
    path.write_text(INLINE, "utf-8")
    assert [one.id for one in settings.load_solutions(str(path))] == ["other", "acme"]
    path.write_text(INLINE.replace(right, wrong), "utf-8")

    with pytest.raises(InvalidSetting) as mistake:
        settings.load_solutions(str(path))

    assert complaint in str(mistake.value)
    assert "canary" not in str(mistake.value)


@pytest.mark.parametrize("text", ["[solutions.acme", f"deep = {'[' * 5000}"], ids=["cut", "deep"])
def test_a_file_that_is_no_toml_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "anyroom.toml").write_text(text, "utf-8")
    with pytest.raises(InvalidSetting, match=r"\AANYROOM_CONFIG: .*anyroom\.toml is not valid TOML: .*\Z"):
        settings.load_solutions(str(tmp_path / "anyroom.toml"))
