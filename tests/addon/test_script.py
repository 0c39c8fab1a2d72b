"""The generated head of Code.gs is valid JavaScript whatever the configuration says."""

import json
import re
import subprocess
from collections.abc import Callable
from itertools import product as pairs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addon.product import product
from addon.script import function_name, literal, script
from conference.solution import Solution

Make = Callable[..., Solution]
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


@given(IDS)
def test_a_function_name_is_a_public_identifier(id: str) -> None:
    assert re.fullmatch(r"onCreate_[A-Za-z0-9_]*[A-Za-z0-9]", function_name(id))


def test_different_ids_have_different_functions() -> None:
    ids = ["".join(id) for length in (1, 2, 3, 4) for id in pairs("ab-z", repeat=length) if id[0] != "-"]
    assert len({function_name(id) for id in ids}) == len(ids)


@pytest.mark.parametrize("hostile", ["</script>", '"; steal(); "', "\u2028", "\\", "<!--", "`${x}`", "\x00"])
def test_text_becomes_a_literal_that_cannot_end_early(hostile: str, node: str) -> None:
    text = literal(hostile)
    assert text.isascii()
    assert "<" not in text
    program = f"process.stdout.write(JSON.stringify({text}))"
    read = subprocess.run([node, "-e", program], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(read.stdout) == hostile


def test_names_and_logos_stay_out_of_the_script(make_solution: Make) -> None:
    made = product([make_solution("jitsi", "*/ steal(); /*")], "https://rooms.example.org")
    assert "steal" not in script(made)
    assert "googleusercontent" not in script(made)
