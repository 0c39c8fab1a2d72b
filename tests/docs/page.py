"""A page of documentation, taken apart: its tables, its blocks of code, its links and its headings."""

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Page:
    """One page; `text` is what stands in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")
        self.flowing = re.sub(r"\s+", " ", self.text)
        """The same without line breaks, to look for sentences in."""

    def table(self, *head: str) -> list[list[str]]:
        """The rows of the one table whose first columns are headed so."""
        [rows] = [rows for names, rows in self._tables() if tuple(names[: len(head)]) == head]
        return rows

    def blocks(self, language: str) -> list[str]:
        """The blocks of code in a language, also those within a list, without their indentation."""
        found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", self.text, re.MULTILINE | re.DOTALL)
        return [re.sub(rf"^{indentation}", "", content, flags=re.MULTILINE) for indentation, content in found]

    def spans(self) -> list[str]:
        """What stands in backticks in the running text, outside blocks."""
        return code(re.sub(r"\s+", " ", self._running()))

    def links(self) -> list[str]:
        """Where its links lead."""
        return re.findall(r"\]\(([^)\s]+)\)", self._running())

    def anchors(self) -> set[str]:
        """What a link may name after "#", as GitHub makes it of a heading."""
        headings = re.findall(r"^#+ (.*)$", self.text, re.MULTILINE)
        return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def _running(self) -> str:
        """The text outside blocks of code."""
        return re.sub(r"^ *```.*?^ *```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    def _tables(self) -> Iterator[tuple[list[str], list[list[str]]]]:
        lines = self.text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("| --- |"):
                rows = takewhile(lambda text: text.startswith("|"), lines[number + 1 :])
                yield _cells(lines[number - 1]), [_cells(row) for row in rows]


def code(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def dead_links(page: Page) -> list[str]:
    """Its links to files and headings of the repository that lead nowhere."""
    return [link for link in page.links() if not link.startswith("https://") and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Page, link: str) -> bool:
    file, _, anchor = link.partition("#")
    path = page.path.parent / file if file else page.path
    return path.exists() and (not anchor or anchor in Page(path).anchors())


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]
