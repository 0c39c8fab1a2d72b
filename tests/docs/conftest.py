"""gcloud, as tests/test_cloudbuild.py runs it: with nobody's account and nothing in reach."""

from tests.test_cloudbuild import gcloud

__all__ = ["gcloud"]
