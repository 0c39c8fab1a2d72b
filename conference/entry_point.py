"""One way into a conference, a value that cannot be built wrong: a link, a number, a SIP address, a page of more."""

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from conference import text, uris
from conference.errors import InvalidConferenceData
from conference.limits import CODES, FEATURES, LONGEST, MOST_OF_TYPE, REGIONS, EntryPointType, Feature

Given = str | int | None


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """An entry point within every rule of `limits`; anything else raises InvalidConferenceData.

    `uri` is http(s) for VIDEO and MORE, tel for PHONE (`uris.dial` builds one), sip(s) for SIP. Of the codes, give
    those that the conferencing system has words for. `region_code` (CLDR, two letters) and `features` (TOLL or
    TOLL_FREE) are for PHONE only; MORE has no `label`. `adjusted` says what `fitted` left out or cut, without the
    values; it is no part of the value.
    """

    type: EntryPointType
    uri: str = field(repr=False)
    _: KW_ONLY
    label: str = ""
    pin: str = field(default="", repr=False)
    access_code: str = field(default="", repr=False)
    meeting_code: str = field(default="", repr=False)
    passcode: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    region_code: str = ""
    features: tuple[Feature, ...] = ()
    adjusted: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.type not in MOST_OF_TYPE:
            raise InvalidConferenceData("entry-point-type", "none of VIDEO, PHONE, SIP, MORE")
        uris.check(self.type, self.uri)
        text.check("label", self.label)
        for code in CODES:
            text.check(code, getattr(self, code))
        if self.label and self.type == "MORE":
            raise InvalidConferenceData("label-on-more", "a MORE entry point has no label")
        self._check_region()
        self._check_features()

    def _check_region(self) -> None:
        if self.region_code and self.type != "PHONE":
            raise InvalidConferenceData("region-not-phone", f"a region on {self.type}")
        if self.region_code and self.region_code not in REGIONS:
            raise InvalidConferenceData("region-unknown", "no two-letter region of CLDR")

    def _check_features(self) -> None:
        if not isinstance(self.features, tuple):
            raise InvalidConferenceData("features-type", f"{type(self.features).__name__} where a tuple is needed")
        if not self.features:
            return
        if self.type != "PHONE":
            raise InvalidConferenceData("features-not-phone", f"features on {self.type}")
        if not FEATURES.issuperset(self.features):
            raise InvalidConferenceData("features-unknown", "neither TOLL nor TOLL_FREE")
        if len(self.features) > 1:
            raise InvalidConferenceData("features-both", "at most one of TOLL and TOLL_FREE")

    @classmethod
    def fitted(
        cls,
        type: EntryPointType,
        uri: str,
        *,
        label: Given = None,
        pin: Given = None,
        access_code: Given = None,
        meeting_code: Given = None,
        passcode: Given = None,
        password: Given = None,
        region_code: Given = None,
        features: Iterable[Feature] = (),
    ) -> "EntryPoint":
        """An entry point of what a conferencing system replied, made to fit; `adjusted` says what was lost.

        Values may be None or whole numbers, as JSON has them. The label is cleaned and shortened; a code that cannot
        stand whole is dropped, because a cut code would be a wrong one; so are a region that is none, features that
        exclude each other, and what the type does not have. Only a bad `uri` raises InvalidConferenceData.
        """
        codes = (pin, access_code, meeting_code, passcode, password)
        adjusted: list[str] = []
        return cls(
            type,
            uris.fitted(uri),
            label=_fitted_label(type, _text("label", label, adjusted), adjusted),
            region_code=_fitted_region(type, _text("region", region_code, adjusted), adjusted),
            features=_fitted_features(type, frozenset(features), adjusted),
            **{name: _fitted_code(name, code, adjusted) for name, code in zip(CODES, codes, strict=True)},
            adjusted=tuple(adjusted),
        )

    def to_record(self) -> dict[str, Any]:
        """This entry point as JSON values, without what is empty."""
        record: dict[str, Any] = {"type": self.type, "uri": self.uri}
        for name in _OPTIONAL_TEXT:
            if value := getattr(self, name):
                record[name] = value
        if self.features:
            record["features"] = list(self.features)
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "EntryPoint":
        """The entry point that `to_record` wrote. Raises InvalidConferenceData for anything else."""
        try:
            return cls(**{**record, "features": tuple(record.get("features", ()))})
        except (TypeError, AttributeError) as error:
            raise InvalidConferenceData("record", "no entry point") from error


_OPTIONAL_TEXT = ("label", *CODES, "region_code")


def _text(name: str, given: Given, adjusted: list[str]) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if given is not None:
        adjusted.append(f"{name} dropped, {type(given).__name__} where text is needed")
    return ""


def _fitted_label(entry_type: EntryPointType, label: str, adjusted: list[str]) -> str:
    if label and entry_type == "MORE":
        adjusted.append("label dropped, MORE has none")
        return ""
    label = text.clean(label).strip()
    short = text.shorten(label, LONGEST["label"])
    if short != label:
        adjusted.append(f"label shortened, {text.utf16_length(label)} long")
    return short


def _fitted_code(name: str, given: Given, adjusted: list[str]) -> str:
    code = _text(name, given, adjusted)
    if text.has_lone_surrogate(code):
        adjusted.append(f"{name} dropped, a lone surrogate in it")
        return ""
    code = text.clean(code).strip()
    if (length := text.utf16_length(code)) > LONGEST[name]:
        adjusted.append(f"{name} dropped, {length} long")
        return ""
    return code


def _fitted_region(entry_type: EntryPointType, region: str, adjusted: list[str]) -> str:
    region = region.strip().upper()
    if region and (entry_type != "PHONE" or region not in REGIONS):
        adjusted.append("region dropped, no region of a telephone number")
        return ""
    return region


def _fitted_features(
    entry_type: EntryPointType, features: frozenset[Feature], adjusted: list[str]
) -> tuple[Feature, ...]:
    if features and (entry_type != "PHONE" or len(features) > 1 or not FEATURES.issuperset(features)):
        adjusted.append("features dropped, not one feature of a telephone number")
        return ()
    return tuple(features)
