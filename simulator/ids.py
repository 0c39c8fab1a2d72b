"""Who calls whom in the simulated project: every constant identity, scope and API key stands here and nowhere else."""

from typing import Final

ISSUER: Final = "https://accounts.google.com"

# The forms are Google's: an OAuth client id, and the add-ons service agent of a project.
SCRIPT_CLIENT_ID: Final = "104729518432-5imu1at0rscr1ptc1ient.apps.googleusercontent.com"
ADDON_SERVICE_ACCOUNT: Final = "service-104729518432@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
ADDON_CLIENT_ID: Final = "104729518432-5imu1at0radd0nc1ient.apps.googleusercontent.com"
TASKS_SERVICE_ACCOUNT: Final = "anyroom-tasks@anyroom-simulator.iam.gserviceaccount.com"

# The client of "Sign in with Google": its id and its secret.
SIGN_IN_CLIENT: Final = (
    "104729518432-5imu1at0rs1gn1nc1ient.apps.googleusercontent.com",
    "GOCSPX-simulatedSignInSecret",
)

# The project that the function would run in: its own service account, the one that may impersonate users, its queue.
PROJECT: Final = "anyroom-simulator"
FUNCTION_SERVICE_ACCOUNT: Final = "anyroom@anyroom-simulator.iam.gserviceaccount.com"
DELEGATE_SERVICE_ACCOUNT: Final = "anyroom-delegate@anyroom-simulator.iam.gserviceaccount.com"
TASKS_QUEUE: Final = "projects/anyroom-simulator/locations/europe-west1/queues/sync"

# What Calendar adds to the parameters of a conference that an Apps Script add-on made.
SCRIPT_ID: Final = "1aNyRoOmSiMuLaToRsCrIpT0000000000000000000000000000000001"

SCOPE: Final = "https://www.googleapis.com/auth/"
# The scopes of the conferencing sample (Google Workspace add-ons, "Create conference" sample) that touch Calendar.
ADDON_SCOPES: Final = (
    SCOPE + "calendar.addons.execute",
    SCOPE + "calendar.events.readonly",
    SCOPE + "calendar.readonly",
)
EDITOR_SCOPES: Final = (SCOPE + "calendar",)
CLOUD_PLATFORM: Final = SCOPE + "cloud-platform"

# The two accounts of the conferencing system: one is signed in, one has to do that first.
ROOMS_API_KEY: Final = "demo-rooms-key"
ROOMS_API_KEY_SIGNED_OUT: Final = "demo-rooms-key-signed-out"

# The clients of the conferencing vendors, ids and secrets; those of an account itself are named after its grant.
OAUTH_CLIENTS: Final = {
    "zoom": ("5imu1at0rZoomUserApp1", "simulatedZoomSecret"),
    "zoom-account": ("5imu1at0rZoomAccount1", "simulatedZoomAccountSecret"),
    "webex": ("C5imu1at0rWebexIntegration", "simulatedWebexSecret"),
    "webex-account": ("C5imu1at0rWebexServiceApp", "simulatedWebexAccountSecret"),
    "entra": ("5d1a7e00-0000-4000-8000-000000000001", "simulatedEntraSecret"),
    "goto": ("5d1a7e00-0000-4000-8000-000000000002", "simulatedGotoSecret"),
}
# The Secret Token of the Zoom app, which signs its webhooks.
ZOOM_WEBHOOK_KEY: Final = "canary-webhook-secret"
ZOOM_ACCOUNT: Final = "5imu1at0rAccount"
ENTRA_TENANT: Final = "5d1a7e00-0000-4000-8000-00000000000a"
