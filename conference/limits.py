"""What Google allows in a ConferenceData, as data: every length, count, scheme and word stands here and nowhere else.

Sources: the Apps Script reference of ConferenceDataBuilder, EntryPoint, ConferenceParameter and ConferenceError, the
add-on reference of ConferenceDataMarkup, and Event.conferenceData of the Calendar API v3; where they differ, the
stricter one. Google does not say what a character is. Apps Script is JavaScript, so lengths are counted in UTF-16 code
units here, which is never fewer than code points.
"""

from collections.abc import Mapping
from typing import Final, Literal

EntryPointType = Literal["VIDEO", "PHONE", "SIP", "MORE"]
Feature = Literal["TOLL", "TOLL_FREE"]
ErrorType = Literal[
    "AUTHENTICATION", "CONFERENCE_SOLUTION_FORBIDDEN", "PERMANENT", "PERMISSION_DENIED", "TEMPORARY", "UNKNOWN"
]
Code = Literal["pin", "access_code", "meeting_code", "passcode", "password"]

CODES: Final[tuple[Code, ...]] = ("pin", "access_code", "meeting_code", "passcode", "password")

LONGEST: Final[Mapping[str, int]] = {
    "conference_id": 512,
    "solution_id": 512,
    "uri": 1300,
    "label": 512,
    "pin": 128,
    "access_code": 128,
    "meeting_code": 128,
    "passcode": 128,
    "password": 128,
    "key": 50,
    "value": 1024,
    "notes": 2048,
    # Apps Script takes 1,800, the add-on markup 1,300.
    "authentication_url": 1300,
    # Not Calendar's: where a visitor's browser is sent, as long as everybody takes it (RFC 9110, section 4.1).
    "join_url": 8000,
}

MOST_ENTRY_POINTS: Final = 300
MOST_PARAMETERS: Final = 300
MOST_OF_TYPE: Final[Mapping[EntryPointType, int]] = {"VIDEO": 1, "PHONE": MOST_ENTRY_POINTS, "SIP": 1, "MORE": 1}

SCHEMES: Final[Mapping[EntryPointType, tuple[str, ...]]] = {
    "VIDEO": ("https", "http"),
    "PHONE": ("tel",),
    "SIP": ("sip", "sips"),
    "MORE": ("https", "http"),
}

FEATURES: Final[frozenset[str]] = frozenset(("TOLL", "TOLL_FREE"))
ERROR_TYPES: Final[frozenset[str]] = frozenset(
    ("AUTHENTICATION", "CONFERENCE_SOLUTION_FORBIDDEN", "PERMANENT", "PERMISSION_DENIED", "TEMPORARY", "UNKNOWN")
)

# Unicode CLDR, common/validity/region.xml, status "regular": ISO 3166-1 and AC, CP, CQ, DG, EA, IC, TA, XK.
_REGULAR_REGIONS = """
AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CU CV CW CX CY CZ DE DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET FI FJ FK FM
FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
REGIONS: Final[frozenset[str]] = frozenset(_REGULAR_REGIONS.split())
