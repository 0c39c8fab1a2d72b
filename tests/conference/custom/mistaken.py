"""A definition that is right, and what is wrong in one way each: what becomes what, and the complaint."""

GOOD = """\
system = "Acme"
idempotency = "chosen"
updates = ["summary", "start"]
outlives_event = true
error_code = "error.code"

[limits]
summary = 60

[options.url]
type = "url"
about = "where it is"

[options.key]
type = "secret"
about = "a key"

[options.minutes]
type = "integer"
default = 5
about = "minutes"

[options.level]
choices = ["low", "high"]
default = "low"
about = "a level"

[authentication]
type = "bearer"
token = "{options.key}"

[errors]
409 = "TEMPORARY"
gone = "PERMANENT"

[[create]]
method = "POST"
url = "{options.url}/rooms"
keep = { version = "version" }

[create.json]
name = "{attempt}"
title = "{summary}"
closes = "{end|plus_minutes:options.minutes|epoch}"
level = "{options.level}"
guests = { "{attendees}" = { mail = "{item}" } }

[[create]]
method = "GET"
url = "{options.url}/rooms/{attempt}"
query = { version = "{kept.version}" }

[[update]]
method = "PATCH"
url = "{options.url}/rooms/{id}"
changed = ["summary"]
json = { title = "{summary}" }

[[update]]
method = "PUT"
url = "{options.url}/rooms/{id}/start"
form = { at = "{start|epoch}" }

[[delete]]
method = "DELETE"
url = "{options.url}/rooms/{id}"

[reply]
id = "id"
video = { url = "links.guest", passcode = "code" }

[reply.phones]
each = "numbers"
number = "number"
pin = { reply = "pin" }
"""


MISTAKES = {
    "unknown key": (
        'idempotency = "chosen"',
        'idempotency = "chosen"\nupdate_s = 1',
        "update_s: is not known here; did you mean updates?",
    ),
    "another type": (
        "outlives_event = true",
        'outlives_event = "yes"',
        "outlives_event: is text; expected true or false",
    ),
    "missing key": ('method = "PATCH"\n', "", "update[1].method: is missing; expected one of GET"),
    "missing table": (
        GOOD[GOOD.index("[reply]") :],
        "",
        "reply: is missing; expected a table with the id and the link of a conference",
    ),
    "no link": (
        'video = { url = "links.guest", passcode = "code" }\n',
        "",
        "reply.video: is missing; expected a table with the url of the link",
    ),
    "no id": ('id = "id"\n', "", "reply.id: is missing; expected text"),
    "no word of those": (
        '"chosen"',
        '"choosen"',
        "idempotency: 'choosen' is not known here; did you mean chosen?",
    ),
    "no method": ('"PATCH"', '"PATHC"', "update[1].method: 'PATHC' is not known here; did you mean PATCH?"),
    "unknown field": (
        'title = "{summary}"\ncloses',
        'title = "{sumary}"\ncloses',
        "create[1].json.title: {sumary} is no field here; did you mean summary?",
    ),
    "a field of elsewhere": (
        'name = "{attempt}"',
        'name = "{id}-{attempt}"',
        "create[1].json.name: {id} is no field here; expected one of",
    ),
    "kept later": (
        'name = "{attempt}"',
        'name = "{kept.version}-{attempt}"',
        "create[1].json.name: {kept.version} is no field here",
    ),
    "unknown format": (
        "|epoch}",
        "|epok}",
        "create[1].json.closes: 'epok' is no format; did you mean epoch?",
    ),
    "a format of another kind": (
        '"{summary}"\ncloses',
        '"{summary|epoch}"\ncloses',
        "create[1].json.title: the format epoch takes a time, here is text; expected one of",
    ),
    "a format without its number": (
        "plus_minutes:options.minutes",
        "plus_minutes",
        "create[1].json.closes: the format plus_minutes has 0 arguments; expected 1",
    ),
    "a format with a text": (
        "plus_minutes:options.minutes",
        "plus_minutes:options.level",
        "create[1].json.closes: 'options.level' is no whole number; expected one, or options.NAME",
    ),
    "a single brace": (
        'name = "{attempt}"',
        'name = "{attempt"',
        "create[1].json.name: has a single {; expected {field}, or {{ for the sign itself",
    ),
    "no list": (
        '"{attendees}" = {',
        '"{summary}" = {',
        "create[1].json.guests.{summary}: is no list; expected one {list}",
    ),
    "a list in a text": (
        'name = "{attempt}"',
        'name = "{attempt}{attendees}"',
        "create[1].json.name: has a list inside other text",
    ),
    "no JMESPath": (
        '"links.guest"',
        '"links..guest"',
        "reply.video.url: cannot be read (character 7); expected a JMESPath expression",
    ),
    "no function of JMESPath": (
        'each = "numbers"',
        'each = "sortby(numbers, &number)"',
        "reply.phones.each: sortby() is no function of JMESPath; did you mean sort_by?",
    ),
    "over several lines": (
        'each = "numbers"\n',
        'each = """\nsortby(numbers,\n&number)"""\n',
        "reply.phones.each: sortby() is no function of JMESPath",
    ),
    "a list over several lines": (
        '["summary", "start"]',
        '[\n  "summary",\n  "begin",\n]',
        "updates[2]: 'begin' cannot be told",
    ),
    "a function with too few": (
        'each = "numbers"',
        'each = "sort_by(numbers)"',
        "reply.phones.each: sort_by() has 1 between its brackets; expected 2",
    ),
    "no host": (
        'url = "{options.url}/rooms"',
        'url = "/rooms"',
        "create[1].url: begins with no fixed host; expected https://HOST or {options.url}, and a path",
    ),
    "a host of the reply's": (
        'url = "{options.url}/rooms/{attempt}"',
        'url = "https://{kept.version}/rooms/{attempt}"',
        "create[2].url: begins with no fixed host",
    ),
    "a host that goes on": (
        'url = "{options.url}/rooms"',
        'url = "https://api.example.org{options.level}/rooms"',
        "create[1].url: begins with no fixed host",
    ),
    "a metadata server": (
        'url = "{options.url}/rooms"',
        'url = "http://169.254.169.254/rooms"',
        "create[1].url: must lead elsewhere",
    ),
    "a title in an address": (
        'query = { version = "{kept.version}" }',
        'query = { version = "{summary}" }',
        "create[2].query.version: {summary} must not stand in an address",
    ),
    "a secret in an address": (
        'url = "{options.url}/rooms/{attempt}"',
        'url = "{options.url}/rooms/{attempt}?key={options.key}"',
        "create[2].url: {options.key} must not stand in an address",
    ),
    "a secret for guests": (
        'passcode = "code"',
        'passcode = { template = "{options.key}" }',
        "reply.video.passcode.template: has a secret, which guests would read",
    ),
    "dots in an address": (
        'url = "{options.url}/rooms"',
        'url = "{options.url}/../rooms"',
        "create[1].url: goes up with dots in its path; expected the path itself",
    ),
    "a body in a GET": (
        'query = { version = "{kept.version}" }',
        'json = { version = "{kept.version}" }',
        "create[2].json: stands in a GET; expected query",
    ),
    "a form beside JSON": (
        'json = { title = "{summary}" }',
        'json = { title = "{summary}" }\nform = { title = "{summary}" }',
        "update[1].form: stands beside json; expected one of the two",
    ),
    "a header of ours": (
        'changed = ["summary"]',
        'changed = ["summary"]\nheaders = { Authorization = "x" }',
        "update[1].headers.Authorization: is set by Anyroom; expected [authentication]",
    ),
    "a change of nothing": (
        "keep = { version",
        'changed = ["summary"]\nkeep = { version',
        "create[1].changed: stands elsewhere than in update; expected it there",
    ),
    "after nothing": (
        "keep = { version",
        "after = [404]\nkeep = { version",
        "create[1].after: stands in the first request; expected it in a later one",
    ),
    "a code of two words": ("gone =", '"long gone" =', "errors.long gone: is no code; expected a status or a word"),
    "a failure by number": ('"PERMANENT"', "7", "errors.gone: is a whole number; expected one of CONF"),
    "no failure": (
        '"PERMANENT"',
        '"PERMANENTLY"',
        "errors.gone: 'PERMANENTLY' is no failure; did you mean PERMANENT?",
    ),
    "a failure of users": (
        '409 = "TEMPORARY"',
        '401 = "AUTHENTICATION"',
        "errors.401: AUTHENTICATION is for users who connect; expected CREDENTIALS_REFUSED",
    ),
    "a code from nowhere": (
        'error_code = "error.code"\n',
        "",
        "errors.gone: is a code, but nothing says where replies have it; expected error_code",
    ),
    "no type of an option": (
        'type = "integer"',
        'type = "int"',
        "options.minutes.type: 'int' is not known here; did you mean integer?",
    ),
    "a pattern that is none": (
        'choices = ["low", "high"]',
        'pattern = "low("',
        "options.level.pattern: cannot be read; expected a regular expression",
    ),
    "a pattern of a number": (
        "default = 5",
        'pattern = "5"\ndefault = 5',
        "options.minutes.pattern: stands beside the type integer; expected it with text",
    ),
    "a default outside of the limits": (
        "default = 5",
        "default = 5\nleast = 6",
        "options.minutes.default: is a whole number; expected a value of the option's own type",
    ),
    "a default of another type": (
        "default = 5",
        'default = "5"',
        "options.minutes.default: is text; expected a value of the option's own type",
    ),
    "an option that solutions have": (
        "[options.level]",
        "[options.logo]",
        "options.logo: is no name of an option",
    ),
    "an option that does nothing": (
        'level = "{options.level}"\n',
        "",
        "options.level: is used nowhere; expected {options.level} in a request",
    ),
    "an option without a word": (
        'about = "minutes"\n',
        "",
        "options.minutes.about: is missing; expected text",
    ),
    "no kind of proof": (
        'type = "bearer"',
        'type = "oauth"',
        "authentication.type: 'oauth' is not known here; did you mean oauth2?",
    ),
    "a proof that no header takes": (
        'token = "{options.key}"',
        'token = "é{options.key}"',
        "authentication.token: cannot be sent in a header; expected printable ASCII",
    ),
    "a proof without its client": (
        'type = "bearer"\ntoken = "{options.key}"',
        'type = "client_credentials"\ntoken = "{options.url}/token"',
        "authentication.type: needs the options client_id and client_secret, which are not there",
    ),
    "a secret in a file": (
        'token = "{options.key}"',
        'token = "secret:acme"',
        "authentication.token: names a secret, which only a solution can",
    ),
    "what cannot be told": (
        '["summary", "start"]',
        '["summary", "begin"]',
        "updates[2]: 'begin' cannot be told; expected one of",
    ),
    "told without a request": (
        (
            '[[update]]\nmethod = "PATCH"\nurl = "{options.url}/rooms/{id}"\nchanged = ["summary"]\n'
            'json = { title = "{summary}" }\n\n'
            '[[update]]\nmethod = "PUT"\nurl = "{options.url}/rooms/{id}/start"\nform = { at = "{start|epoch}" }\n'
        ),
        "",
        "update: is missing; expected it beside updates",
    ),
    "a request that tells nothing": (
        'updates = ["summary", "start"]\n',
        "",
        "updates: is missing; expected what can change",
    ),
    "told of another change": (
        '["summary", "start"]',
        '["start"]',
        "updates: lacks a field that a request of update has in changed",
    ),
    "an id that is not chosen": (
        'name = "{attempt}"\n',
        "",
        "is chosen, but no request of create has {attempt}; expected it there, or none here",
    ),
    "no search": (
        '"chosen"',
        '"searchable"',
        "find: is missing; expected it, because idempotency is searchable",
    ),
    "a search for anything": (
        "[reply]",
        '[[find]]\nmethod = "GET"\nurl = "{options.url}/rooms"\n[reply]',
        "find: has no {attempt}, or create has none; expected it in both",
    ),
    "an account of nobody": (
        "[errors]",
        '[account]\nid = "id"\nrequests = [{ method = "GET", url = "{options.url}/me" }]\n[errors]',
        "account: stands without oauth2",
    ),
    "a code that is not read": (
        'pin = { reply = "pin" }',
        'pin = { reply = "pin" }\ndial = ["access_code"]',
        "reply.phones.dial[1]: is not read here; expected the key of a code beside it",
    ),
    "a limit that is none": ("summary = 60", "summary = 0", "limits.summary: expected a whole number between"),
    "no TOML": ("[limits]", "[limits", "acme.toml: is not valid TOML"),
}

ELSEWHERE = {
    "too many requests": "[[delete]] # the ninth",
    "a default outside of the limits": "default = 5",
    "missing key": "[[update]]",
    "missing table": "",
    "no link": "[reply]",
    "no id": "[reply]",
    "an option without a word": "[options.minutes]",
    "an option that does nothing": "[options.level]",
    "a code from nowhere": "gone =",
    "told without a request": "",
    "a request that tells nothing": "",
    "an id that is not chosen": "idempotency =",
    "no search": "",
    "no TOML": "",
}
"""How the line begins that is named where it is not the one that was changed; "" where there is none to name."""
