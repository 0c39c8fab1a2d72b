"""What is wrong with a request of the definition that is right, in one way each, as in mistaken.py."""

PATCH = 'changed = ["summary"]'
KEEP = 'keep = { version = "version" }'
OTHER = ("Content-Length", "content-type", "HOST", "Transfer-Encoding", "Connection", "Expect", "Accept-Encoding")

OF_REQUESTS: dict[str, tuple[str, str, str]] = {
    **{
        f"the header {name}": (
            PATCH,
            f'{PATCH}\nheaders = {{ {name} = "x" }}',
            f"update[1].headers.{name}: is set by Anyroom",
        )
        for name in OTHER
    },
    "no header's name": (
        PATCH,
        f'{PATCH}\nheaders = {{ "X Y" = "x" }}',
        "update[1].headers.X Y: 'X Y' is no header's name; expected letters, digits and hyphens",
    ),
    "a header that is no text": (
        PATCH,
        f"{PATCH}\nheaders = {{ X = 7 }}",
        "update[1].headers.X: is a whole number; expected text",
    ),
    **{
        f"a header that cannot be sent, {value}": (PATCH, f"{PATCH}\nheaders = {{ X = {value} }}", complaint)
        for value, complaint in {
            '"é"': "update[1].headers.X: cannot be sent in a header; expected printable ASCII",
            r'"a\r\nb"': "update[1].headers.X: cannot be sent in a header; expected printable ASCII",
            '"{summary|upper}"': "update[1].headers.X: has a text that people write, and a header takes ASCII only",
            '"{changed.description?}"': "update[1].headers.X: has a text that people write",
            '"{attendees|lines}"': "update[1].headers.X: has several lines, and a header is one",
            '"{recurrence | lines?}"': "update[1].headers.X: has several lines, and a header is one",
            '"{all_day|choose:é:b}"': "update[1].headers.X: cannot be sent in a header",
        }.items()
    },
    "a change that is never told": (
        'updates = ["summary", "start"]',
        'updates = ["summary", "start", "attendees"]',
        "updates: has attendees, which no request of update tells; expected a field of it there",
    ),
    "what may not have changed": (
        'json = { title = "{summary}" }',
        'json = { title = "{changed.summary|upper}" }',
        "{changed.summary} has no value when it did not change; expected {changed.summary|upper?}",
    ),
    "an unknown key": (PATCH, f"{PATCH}\nacept = [404]", "update[1].acept: is not known here; did you mean accept?"),
    "one code": (PATCH, f"{PATCH}\naccept = 404", "update[1].accept: expected a list of statuses and codes"),
    "codes that are none": (PATCH, f"{PATCH}\naccept = [404, true]", "update[1].accept: expected a list of statuses"),
    "a name that cannot be kept": (KEEP, 'keep = { "Ver.sion" = "version" }', "create[1].keep.Ver.sion: is no name"),
    "a form in a GET": (
        'query = { version = "{kept.version}" }',
        'form = { version = "{kept.version}" }',
        "create[2].form: stands in a GET; expected query",
    ),
    "too many requests": (
        "[[delete]]",
        '[[delete]]\nmethod = "DELETE"\nurl = "{options.url}"\n' * 8 + "[[delete]] # the ninth",
        "delete[9]: is one too many; expected at most 8 requests",
    ),
    "an optional value inside text": (
        'name = "{attempt}"',
        'name = "x {attempt?}"',
        "create[1].json.name: has a {field?} inside other text; expected it alone",
    ),
    "a date in JSON": (
        'name = "{attempt}"',
        'name = "{attempt}"\nday = 2031-03-14',
        "create[1].json.day: is a date or a time, which JSON does not have; expected text",
    ),
    "a number that is none": (
        'name = "{attempt}"',
        'name = "{attempt}"\nshare = nan',
        "create[1].json.share: is a number that JSON does not have",
    ),
    "a number too large": (
        'name = "{attempt}"',
        'name = "{attempt}"\nshare = 9007199254740993',
        "create[1].json.share: is a number that JSON does not have",
    ),
    "an endless number": (
        'name = "{attempt}"',
        'name = "{attempt}"\nshare = -inf',
        "create[1].json.share: is a number that JSON does not have",
    ),
    "tables without end": (
        'name = "{attempt}"',
        'name = "{attempt}"\ndeep = ' + "[" * 30 + "]" * 30,
        "is more than 20 tables deep",
    ),
    "a long expression": ('each = "numbers"', f'each = "{"a." * 300}a"', "reply.phones.each: is 601 characters long"),
}
