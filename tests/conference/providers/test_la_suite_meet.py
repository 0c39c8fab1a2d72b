"""La Suite Meet: whom its server does not know, or does not serve, may not use it, whatever they may do elsewhere."""

import pytest

from conference.errors import SolutionForbidden
from conference.providers import load
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.la_suite import CLIENT, SECRET, USER, LaSuite
from tests.contracts.providers.wire import Wire


@pytest.mark.parametrize("host", ["stranger@la-suite.example", "user@another-domain.example"])
def test_a_user_or_a_domain_that_it_does_not_serve_is_forbidden_to_use_it(host: str, make_call: MakeCall) -> None:
    with (wire := Wire(LaSuite(USER).system)).running():
        table = {"url": wire.url, "client_id": CLIENT, "client_secret": SECRET}
        with pytest.raises(SolutionForbidden):
            load("la_suite_meet").create(EVENT, new_attempt(), make_call("la_suite_meet", table, host=host))
