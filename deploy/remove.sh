#!/usr/bin/env bash
# Removes what setup.sh made and what was deployed, but keeps the data unless told otherwise, and the APIs on.
#
#   PROJECT=example-project deploy/remove.sh                print the commands that it would run; nothing is changed
#   PROJECT=example-project deploy/remove.sh --yes          run them
#   PROJECT=example-project DATABASE='(default)' deploy/remove.sh --data
#                                                           print also those that delete the database and the secrets
#   PROJECT=example-project DATABASE='(default)' deploy/remove.sh --data --yes
#                                                           run them all: conferences are not followed any more, and
#                                                           connected accounts and their keys are gone for ever
#
# Settings as for setup.sh, in the environment: PROJECT, REGION, DATABASE, CONFIG. Which database is deleted has to be
# said: it goes with all that is in it. One that setup.sh has not made ready, or that has settings of others, is kept.
set -euo pipefail
# shellcheck source=deploy/project.sh
. "$(dirname "${BASH_SOURCE[0]}")/project.sh"

STEPS=6
DATA=no
SHOW=yes

check_database_is_said() {
    [[ $DATA == no || -n $DATABASE_SAID ]] ||
        die "Say which database is deleted, with all that is in it: DATABASE='(default)', or the one that setup.sh was told"
}

remove_function() {
    step "The function, and what calls it"
    local known before=$RAN
    remove_callers
    remove_service
    [[ $RAN != "$before" ]] || echo "# Nothing of it is in $REGION. If it runs elsewhere, say where: REGION"
}

remove_callers() {
    local known
    known=$(there cloudscheduler.googleapis.com scheduler jobs list "--location=$REGION" --format="value(name.basename())")
    if has "$known" "$SWEEP"; then run scheduler jobs delete "$SWEEP" "--location=$REGION"; fi
    known=$(there cloudtasks.googleapis.com tasks queues list "--location=$REGION" --format="value(name.basename())")
    if has "$known" "$QUEUE"; then run tasks queues delete "$QUEUE" "--location=$REGION"; fi
}

remove_service() {
    local known
    known=$(there cloudfunctions.googleapis.com functions list --v2 "--regions=$REGION" --format="value(name.basename())")
    if has "$known" "$SERVICE"; then
        run functions delete "$SERVICE" "--region=$REGION" --gen2
        return
    fi
    known=$(there run.googleapis.com run services list "--region=$REGION" --format="value(metadata.name)")
    if has "$known" "$SERVICE"; then run run services delete "$SERVICE" "--region=$REGION"; fi
}

remove_alerts() {
    step "Alerts"
    local known file title name
    known=$(there monitoring.googleapis.com alpha monitoring policies list --format="value[separator='|'](displayName,name)")
    while read -r file <&3; do
        title=$(display_name "$file")
        while read -r name <&4; do
            run alpha monitoring policies delete "$name"
        done 4< <(awk -F'|' -v "title=$title" '$1 == title { print $2 }' <<<"$known")
    done 3< <(resources alerts)
}

remove_metrics() {
    step "Metrics"
    local known file name
    known=$(there logging.googleapis.com logging metrics list --format="value(name)")
    while read -r file <&3; do
        name=$(basename "${file%.*}")
        if has "$known" "$name"; then run logging metrics delete "$name"; fi
    done 3< <(resources metrics)
}

remove_accounts() {
    step "Service accounts, after their roles in the project"
    local known account role on name
    known=$(gcloud projects get-iam-policy "$PROJECT" --flatten="bindings[].members" \
        --format="value[separator=' '](bindings.role,bindings.members,bindings.condition.title)" --project="$PROJECT")
    while read -r account role on _ <&3; do
        account=serviceAccount:$(address "$account")
        if [[ $on == project ]] && has "$known" "$role $account "; then
            run projects remove-iam-policy-binding "$PROJECT" "--role=$role" "--member=$account" --condition=None
        fi
    done 3< <(rows roles.txt)
    known=$(there iam.googleapis.com iam service-accounts list --format="value(email)")
    while read -r name _ <&3; do
        if has "$known" "$(address "$name")"; then run iam service-accounts delete "$(address "$name")"; fi
    done 3< <(rows accounts.txt)
}

remove_secrets() {
    step "Secrets"
    [[ $DATA == yes ]] || return 0
    local known name
    known=$(there secretmanager.googleapis.com secrets list --filter="labels.$OURS" --format="value(name.basename())")
    for name in $(named_secrets); do
        if has "$known" "$name"; then run secrets delete "$name"; fi
    done
}

remove_database() {
    step "The database"
    [[ $DATA == yes ]] || return 0
    local known
    known=$(there firestore.googleapis.com firestore databases list --format="value(name.basename())")
    has "$known" "$DATABASE" || return 0
    known=$(there firestore.googleapis.com firestore indexes fields list "--database=$DATABASE" \
        --format="value[separator=' '](name.segment(5),name.segment(7))")
    if is_ours "$known"; then
        run firestore databases update "--database=$DATABASE" --no-delete-protection
        run firestore databases delete "--database=$DATABASE"
    else
        echo "# The database $DATABASE is kept: setup.sh has not made it ready, or it is others' too"
    fi
}

# is_ours INDEXED: whether what a database indexes is of our collections alone, and the first that setup.sh makes is there.
is_ours() {
    local ours
    ours=$(rows firestore.txt | awk '{ print $1 }')
    has "$1" "$(rows firestore.txt | awk 'NR == 1 { print $1, $2 }')" &&
        ! awk '{ print $1 }' <<<"$1" | grep -vxF -e __default__ -e "$ours" >/dev/null
}

for word in "$@"; do
    case $word in
    --yes) SHOW=no ;;
    --data) DATA=yes ;;
    *)
        usage
        [[ $word == --help ]] || die "There are only --yes and --data; everything else is said by variables"
        exit
        ;;
    esac
done
ACCOUNTS=users # whatever was chosen, the secrets of accounts are removed where they are
check_project
check_database_is_said
use_gcloud_alone
check_region
remove_function
remove_alerts
remove_metrics
remove_accounts
remove_secrets
remove_database
[[ $DATA == yes ]] || echo "# The data is kept: the database $DATABASE and the secrets. DATABASE='$DATABASE' remove.sh --data deletes them too"
[[ $SHOW == no ]] || echo "# Nothing has been changed: remove.sh --yes runs this"
