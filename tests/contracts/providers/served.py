"""A Flask app as the system behind the wire."""

from flask import Flask

from tests.contracts.providers.wire import Answer, Asked, System

_FRAMING = frozenset({"content-length", "connection"})


def served(app: Flask) -> System:
    """What answers as the app does, headers and all."""

    def system(asked: Asked) -> Answer:
        with app.test_client() as client:
            reply = client.open(asked.target, method=asked.method, headers=dict(asked.headers), data=asked.body)
            headers = {name: value for name, value in reply.headers.items() if name.lower() not in _FRAMING}
            return Answer(reply.status_code, reply.data, headers)

    return system
