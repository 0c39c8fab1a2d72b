"""A line between a store and Firestore's emulator that a test can cut, or on which it can let answers get lost."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


class Relay:
    """Passes bytes between those who connect to `host` and the emulator. Made by `relayed`."""

    def __init__(self, emulator: str, listener: socket.socket) -> None:
        self.host = f"127.0.0.1:{listener.getsockname()[1]}"
        self._emulator = emulator
        self._listener = listener
        self._requests = self._answers = self._open = True
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()

    def lose_answers(self) -> None:
        """From now on requests arrive and their answers do not."""
        self._answers = False

    def freeze(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self._requests = self._answers = False

    def cut(self) -> None:
        """End every connection, and each new one at once."""
        self._open = False
        with self._lock:
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            self._lines.clear()

    def mend(self) -> None:
        """End every connection; new ones pass everything."""
        self.cut()
        self._requests = self._answers = self._open = True

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._open:
                    host, port = self._emulator.split(":")
                    self._join(near, socket.create_connection((host, int(port))))
                else:
                    near.close()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        with self._lock:
            self._lines += [near, far]
        threading.Thread(target=self._pass, args=(near, far, "_requests"), daemon=True).start()
        threading.Thread(target=self._pass, args=(far, near, "_answers"), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, passing: str) -> None:
        with suppress(OSError), closing(source):
            while data := source.recv(65536):
                if getattr(self, passing):
                    sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(emulator: str) -> Iterator[Relay]:
    """A relay to the emulator at host:port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(emulator, listener)
        server = threading.Thread(target=relay.serve, daemon=True)
        server.start()
        yield relay
        relay.cut()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    server.join(5)
