"""gcloud as tests/test_cloudbuild.py runs it, and the desk of tests/sync."""

from tests.sync.conftest import rooms
from tests.test_cloudbuild import gcloud

__all__ = ["gcloud", "rooms"]
