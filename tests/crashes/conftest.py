"""Firestore's emulator, for the few stories that are told over it too."""

from tests.emulator import firestore_emulator as firestore_emulator
