"""What the function writes into its log."""

import logging


class Heard(logging.Handler):
    """A context in which every line of the function's log is kept; `defects` are those of what must never happen."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.defects: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        if record.exc_info:
            self.defects.append(self.lines[-1])

    def __enter__(self) -> "Heard":
        logging.getLogger("anyroom").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("anyroom").removeHandler(self)
