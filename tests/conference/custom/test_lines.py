"""The line of a mistake is that on which its statement begins, in a document of any length."""

import time

from conference.custom.lines import line_of
from conference.custom.mistakes import Path
from tests.conference.custom.mistaken import GOOD

ODD = '''\
# a comment

a = 1
b = [
  1,
  { c = 2 },
  # between
  { c = 3, d = "x" },
]
text = """
e = 1
[f]
"""

  [f.g] # after

h = 4
[[i]]
[[i]]
"j k" = 5
'''


def test_a_statement_of_several_lines_is_named_by_its_first() -> None:
    places: dict[Path, int] = {
        ("a",): 3,
        ("b",): 4,
        ("b", 1, "d"): 4,
        ("text",): 10,
        ("f",): 15,
        ("f", "g", "h"): 17,
        ("i", 0): 18,
    }
    places |= {("i", 1): 19, ("i", 1, "j k"): 20}
    assert {place: line_of(ODD, place) for place in places} == places


def test_what_is_not_there_is_named_by_what_it_would_be_in() -> None:
    places: list[Path] = [("f", "g", "x"), ("i", 1, "x"), ("i", 7), ("e",)]
    assert [line_of(ODD, place) for place in places] == [15, 19, 18, None]
    assert line_of("a = [", ("a",)) is None


def test_a_long_document_is_searched_in_no_time() -> None:
    text = "".join(f"[x{number}]\nvalue = {number}\n" for number in range(2000)) + GOOD
    began = time.process_time()
    assert line_of(text, ("x1999", "value")) == 4000
    assert time.process_time() - began < 5, "line by line it takes ten times that"
