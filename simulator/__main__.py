"""Runs the simulator until it is interrupted: `python -m simulator --function http://127.0.0.1:8080 --keyfile PATH`."""

import argparse
import errno
import signal
import sys
import threading

from simulator import demo_data
from simulator.server import Simulator


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 0 then, 1 when the port or the key file cannot be had."""
    options = _parser().parse_args(arguments)
    simulator = Simulator(host=options.host, port=options.port, function=options.function, solutions=options.solutions)
    if options.public_url:
        simulator.register_clients(options.public_url.rstrip("/"))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        # The port first: a second start must not replace the keys of the first.
        simulator.bind()
        if options.keyfile:
            simulator.identity.write_keyfile(options.keyfile)
        demo_data.fill(simulator.calendar, simulator.clock.now())
        simulator.start()
        simulator.triggers.automatic = simulator.push.automatic = True
    except OSError as error:
        print(_advice(error, options), file=sys.stderr)
        return 1
    print(f"simulator ready on {simulator.url}", flush=True)
    stop.wait()
    simulator.close()
    return 0


def _advice(error: OSError, options: argparse.Namespace) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} is in use: end the program that listens there, or choose another with --port"
    if error.filename:
        return f"{error.filename}: {error.strerror}: choose another file with --keyfile"
    return f"cannot listen on {options.host}:{options.port}: {error.strerror}: choose another address with --host"


def _solutions(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(",") if item.strip())
    return {identifier.strip(): name.strip() or identifier.strip() for identifier, _, name in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8090, help="port to listen on")
    parser.add_argument("--function", help="where the function listens, such as http://127.0.0.1:8080")
    parser.add_argument("--public-url", help="where users' browsers find the function, when that is another address")
    parser.add_argument("--keyfile", help="file that the public keys are written to, for ANYROOM_IDENTITY=local:PATH")
    parser.add_argument(
        "--solutions", type=_solutions, default={}, metavar="ID=NAME,...", help="the entries of the conferencing menu"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
