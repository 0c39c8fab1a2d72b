"""The gcloud that reaches nothing, and the desk of tests/sync."""

from tests.gcloud import gcloud
from tests.sync.conftest import rooms

__all__ = ["gcloud", "rooms"]
