"""Cloud Run's Admin API for one service, on loopback, for the real gcloud, which reaches it as its proxy.

Sources: the Cloud Run Admin API v1 (Knative Serving), namespaces.services; projects.locations.services, of any region.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = "http://run.invalid/"
"""gcloud puts the region in front of the host's name."""
PATH = f"{API.replace('//', '//europe-west1-')}apis/serving.knative.dev/v1/namespaces/example-project/services"

EVERYWHERE = f"{API}v1/projects/example-project/locations/-/services"


def service(name: str, ready: str, traffic: list[Mapping[str, Any]], region: str = "europe-west1") -> dict[str, Any]:
    """A service as the API shows it; `ready` is its latest revision that is, "" for none."""
    labels = {"cloud.googleapis.com/location": region}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "123456789012", "generation": 2, "annotations": {}, "labels": labels},
        "spec": {"template": {"spec": {"containers": [{"image": "function"}]}}, "traffic": traffic},
        "status": {
            "observedGeneration": 2,
            "latestCreatedRevisionName": f"{name}-bnewest",
            **({"latestReadyRevisionName": ready} if ready else {}),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "traffic": traffic,
        },
    }


class CloudRun:
    """The services that there are, and what was put."""

    def __init__(self, *services: Mapping[str, Any]) -> None:
        self.services = {one["metadata"]["name"]: one for one in services}
        self.put: list[Mapping[str, Any]] = []

    def answer(self, method: str, path: str, body: bytes) -> Mapping[str, Any] | None:
        """The reply, None for 404."""
        path = path.partition("?")[0]
        if (method, path) in (("GET", PATH), ("GET", EVERYWHERE)):
            return {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "ServiceList",
                "metadata": {},
                "items": [one for one in self.services.values() if path == EVERYWHERE or _is_here(one)],
            }
        found = self.services.get(path.removeprefix(f"{PATH}/"))
        if found and method == "PUT":
            self.put.append(json.loads(body))
        return found


def _is_here(one: Mapping[str, Any]) -> bool:
    """Whether it is in the region that PATH is of."""
    region: str = one["metadata"]["labels"]["cloud.googleapis.com/location"]
    return f"//{region}-" in PATH


@contextmanager
def serving(cloud: CloudRun, folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment in which gcloud takes it for Cloud Run."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            reply = cloud.answer(self.command, self.path, body)
            content = json.dumps(reply or {"error": {"code": 404, "status": "NOT_FOUND"}}).encode()
            self.send_response(200 if reply else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    token = folder / "token"
    token.write_text("ya29.made-up")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield {
            "CLOUDSDK_CONFIG": str(folder / "configuration"),
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": API,
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": str(server.server_port),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        }
        server.shutdown()
        thread.join()
