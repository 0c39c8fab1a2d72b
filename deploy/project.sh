# shellcheck shell=bash disable=SC2034
# Which project, region and choices setup.sh and remove.sh work on, and how a command is shown, run and waited for.
# Plain bash 3.2, which macOS has.

SERVICE=anyroom
QUEUE=anyroom
SWEEP=anyroom-sweep
OURS=made-by=anyroom # the label of secrets that were not there before
DEPLOY=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

PROJECT=${PROJECT:-}
REGION_SAID=${REGION:-}
REGION=${REGION:-europe-west1}
DATABASE_SAID=${DATABASE:-}
DATABASE=${DATABASE:-(default)}
DELEGATION=${DELEGATION:-no}
ACCOUNTS=${ACCOUNTS:-none}
CONFIG=${CONFIG:-$DEPLOY/../anyroom.toml}
SHOW=no
STARTED=no
MISTAKE=64 # sysexits' EX_USAGE; gcloud itself ends with 1 or 2

die() {
    echo "$1" >&2
    exit "$MISTAKE"
}

# usage: what the beginning of the script says.
usage() {
    sed -n '/^#!/d; /^#/!q; s/^# \{0,1\}//p' "$0"
}

check_project() {
    [[ -n $PROJECT ]] || die "Say which project: PROJECT=your-project-id (gcloud projects list shows them)"
    [[ $PROJECT =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] ||
        die "PROJECT is a project's id, such as example-project-123456, not its name or number"
    [[ $REGION =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || die "REGION is a region, such as europe-west1 (gcloud run regions list shows them)"
    [[ $DATABASE == "(default)" || $DATABASE =~ ^[a-z][a-z0-9-]{2,61}[a-z0-9]$ ]] ||
        die "DATABASE is a Firestore database's id, 4 to 63 of a-z 0-9 -, or (default)"
    [[ $DELEGATION == yes || $DELEGATION == no ]] || die "DELEGATION is yes or no"
    [[ $ACCOUNTS == none || $ACCOUNTS == service || $ACCOUNTS == users ]] || die "ACCOUNTS is none, service or users"
    command -v gcloud >/dev/null ||
        die "gcloud is missing: install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)"
}

# Nothing asks back, and asking for what is there never turns an API on.
use_gcloud_alone() {
    export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API=false
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'farewell $?' EXIT
    [[ -n $(gcloud auth list --filter=status:ACTIVE --format="value(account)" 2>/dev/null) ]] ||
        die "gcloud has no account yet: gcloud auth login"
    NUMBER=$(gcloud projects describe "$PROJECT" --format="value(projectNumber)") ||
        die "The project $PROJECT is not there, or not for you to see: check PROJECT and gcloud auth list"
    STARTED=yes
    APIS_ON=$(gcloud services list --enabled --format="value(config.name)" --project="$PROJECT")
}

farewell() {
    case $1 in
    0 | "$MISTAKE") ;;
    130 | 143) echo "Stopped. What is done is kept: run this again to go on." >&2 ;;
    *) [[ $STARTED == no ]] || echo "That did not work. What is done is kept: put it right and run this again." >&2 ;;
    esac
}

# rows FILE: its lines without comments.
rows() {
    sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' "$DEPLOY/$1"
}

# wanted WHEN: whether what is needed then is needed.
wanted() {
    [[ $1 == always || ($1 == delegation && $DELEGATION == yes) ]]
}

address() {
    echo "$1@$PROJECT.iam.gserviceaccount.com"
}

# there API COMMAND...: what gcloud says is there; nothing, where that API is not on (yet). It is the first that each API
# is asked, and so waits for one that was just turned on.
there() {
    grep -qFx -- "$1" <<<"$APIS_ON" || return 0
    shift
    patiently "$@"
}

# has LINES LINE: whether that is one of them.
has() {
    grep -qFx -- "$2" <<<"$1"
}

# check_region: what is made or removed beside a service in another region is seldom meant, and never by who said none.
check_region() {
    local known others every
    known=$(there run.googleapis.com run services list \
        --format="value[separator=' '](metadata.name,metadata.labels.'cloud.googleapis.com/location')")
    others=$(awk -v "service=$SERVICE" -v "here=$REGION" \
        '$1 == service && $2 != here { printf "%s%s", and, $2; and = " and " }' <<<"$known")
    [[ -n $others ]] || return 0
    every=$(awk -v "service=$SERVICE" '$1 == service { printf "%s%s", and, $2; and = " and " }' <<<"$known")
    [[ -n $REGION_SAID ]] || die "Say which REGION: $SERVICE runs in $every"
    echo "# $SERVICE also runs in $others, which stays as it is; this is for $REGION"
}

# named_secrets: those that anyroom.toml names, and those of the settings that users' accounts need.
named_secrets() {
    {
        case $ACCOUNTS in
        service) echo anyroom-keys ;;
        users) printf '%s\n' anyroom-keys anyroom-sign-in ;;
        esac
        [[ ! -f $CONFIG ]] || sed -e '/^[[:space:]]*#/d' "$CONFIG" |
            { grep -oE "[\"']secret:[A-Za-z0-9_-]+[\"']" || true; } | sed -e 's/.secret://' -e 's/.$//'
    } | sort -u
}

# resources FOLDER: its files; none where there is no such folder.
resources() {
    local file
    for file in "$DEPLOY/$1"/*.yaml "$DEPLOY/$1"/*.json; do
        if [[ -f $file ]]; then echo "$file"; fi
    done
}

# display_name FILE: the name at the top level of a YAML or JSON file, on a line of its own.
display_name() {
    local name
    name=$(sed -nE 's/^( {0,2}"displayName"|displayName):[[:space:]]*(.*[^,[:space:]]),?[[:space:]]*$/\2/p' "$1" | head -n 1)
    name=${name#[\"\']}
    echo "${name%[\"\']}"
}

STEP=0
STEPS=0
# step WHAT: say what comes now. What is printed is a shell script of its own.
step() {
    STEP=$((STEP + 1))
    echo "# $STEP/$STEPS $1"
}

# quoted WORD...: the words as a shell takes them.
quoted() {
    local word quote="'" escaped="'\\''"
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:@=,+-]+$ ]]; then
            printf '%s ' "$word"
        else
            printf "'%s' " "${word//$quote/$escaped}"
        fi
    done
}

RAN=0 # how many commands `run` was given
# run COMMAND...: show a command of gcloud, and run it unless it is only to be shown.
run() {
    RAN=$((RAN + 1))
    quoted gcloud "$@" "--project=$PROJECT"
    echo
    [[ $SHOW == yes ]] || gcloud "$@" "--project=$PROJECT" >/dev/null
}

# Google needs a while until everybody has heard of a new account, API or metric ("IAM: access change propagation";
# Cloud Monitoring: up to ten minutes for a metric). It says so in these words.
NOT_YET='does not exist|annot find metric|has not been used in project|is not ready'
TRIES=40
PAUSE=15

# run_patiently COMMAND...: the same, once more while Google has not heard of something that was just made.
run_patiently() {
    quoted gcloud "$@" "--project=$PROJECT"
    echo
    [[ $SHOW == yes ]] || patiently "$@" >/dev/null
}

# patiently COMMAND...: what gcloud prints, when it does not say any more that Google has not heard of something.
patiently() {
    local left=$TRIES said
    until { said=$(gcloud "$@" "--project=$PROJECT" 2>&1 >&4); } 4>&1; do
        left=$((left - 1))
        if [[ $left == 0 || ! $said =~ $NOT_YET ]]; then
            echo "$said" >&2
            return 1
        fi
        echo "# Google has not heard of what was just made; once more in $PAUSE seconds ($left left)" >&2
        sleep "$PAUSE"
    done
}
