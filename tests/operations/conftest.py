"""Worlds for operators: followed stories, on the store that a test asks for."""

from tests.emulator import firestore_emulator as firestore_emulator
from tests.faults.conftest import clock as clock
from tests.faults.conftest import world as world
from tests.scenarios.conftest import ada as ada
from tests.scenarios.conftest import key as key
from tests.scenarios.conftest import open_store as open_store
from tests.scenarios.conftest import same_key as same_key
from tests.scenarios.conftest import story as story
from tests.scenarios.conftest import zoom as zoom
