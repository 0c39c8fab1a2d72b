"""What is moved by an hour keeps its zone and its instant's difference; what is moved by a day stays a day."""

import pytest

from simulator.event import Json
from simulator.page_changes import shifted


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ({"date": "2026-02-28"}, {"date": "2026-03-01"}),
        (
            {"dateTime": "2026-03-10T23:30:00+01:00", "timeZone": "Europe/Zurich"},
            {"dateTime": "2026-03-11T00:30:00+01:00", "timeZone": "Europe/Zurich"},
        ),
    ],
)
def test_a_time_is_shifted_and_shifted_back(time: Json, expected: Json) -> None:
    assert shifted(time, 1) == expected
    assert shifted(expected, -1) == time
