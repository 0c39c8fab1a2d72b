"""Firestore's emulator, for the few orders that are tried over it too."""

from tests.emulator import firestore_emulator as firestore_emulator
