"""Every link in a document to another, or to a heading, leads somewhere."""

from pathlib import Path

import pytest

from tests.docs.page import ROOT, Page, dead_links

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_its_links_lead_somewhere(path: Path) -> None:
    assert dead_links(Page(path)) == []


def test_the_readme_leads_to_every_page() -> None:
    pages = {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")}
    assert pages <= {link.partition("#")[0] for link in Page(ROOT / "README.md").links()}
