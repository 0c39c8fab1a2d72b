"""A definition that lies in a file: read once, each mistake with its line."""

import tomllib
from pathlib import Path

from conference.custom import definition
from conference.custom.lines import line_of
from conference.custom.mistakes import Mistake, shown
from conference.custom.system import System
from conference.errors import InvalidSetting


def read(path: Path) -> System:
    """The system behind the definition in that file. Raises InvalidSetting, with file, line and field."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidSetting(path.name, f"is not valid TOML: {error}") from error
    except OSError as error:
        raise InvalidSetting(path.name, f"cannot be read ({error.strerror})") from error
    try:
        return System(definition.read(document, inline=False))
    except Mistake as mistake:
        line = line_of(text, mistake.path)
        place = f"{path.name}, line {line}" if line else path.name
        raise InvalidSetting(f"{place}, {shown(mistake.path)}", mistake.complaint) from mistake
