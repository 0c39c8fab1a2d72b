"""The table of limits agrees with what it is made from, and with the error tree."""

from importlib.resources import files
from typing import get_args

from conference import limits
from conference.limits import ERROR_TYPES, FEATURES, MOST_OF_TYPE, REGIONS, SCHEMES


def test_regions_are_iso_3166_and_what_cldr_adds() -> None:
    lines = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8").splitlines()
    iso = {line.split("\t")[0] for line in lines if not line.startswith("#")}
    assert REGIONS - iso == {"AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK"}
    assert iso <= REGIONS


def test_types_and_tables_hold_the_same_words() -> None:
    assert set(get_args(limits.EntryPointType)) == set(SCHEMES) == set(MOST_OF_TYPE)
    assert set(get_args(limits.Feature)) == FEATURES
    assert set(get_args(limits.ErrorType)) == ERROR_TYPES
    assert get_args(limits.Code) == limits.CODES
