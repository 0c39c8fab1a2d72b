#!/usr/bin/env bash
# Makes everything in a Google Cloud project that Anyroom needs, and nothing twice: run it again after every upgrade.
#
#   PROJECT=example-project deploy/setup.sh --show    print the commands that it would run; nothing is changed
#   PROJECT=example-project deploy/setup.sh           run them
#
# Settings, in the environment:
#   PROJECT          the project's id
#   REGION           where the function runs; europe-west1
#   LOCATION         where Firestore keeps its data, for ever; eur3 with a European region, nam5 with one of the USA,
#                    else the region
#   DATABASE         Firestore's database; (default)
#   DELEGATION       yes: events are followed by domain-wide delegation, with a queue; no
#   ACCOUNTS         whose accounts make conferences at Zoom, Webex, Teams or GoTo: users (they connect theirs),
#                    service (one account for all), none; none
#   CONFIG           the anyroom.toml, whose secrets are made; the one beside main.py
#   URL              the function's address; the one that Cloud Run gives it
#   CALENDAR_QUOTA   Calendar API calls a minute (APIs & Services > Google Calendar API > Quotas); 10000
#   NOTIFY           whom alerts write to, an e-mail address; nobody
#
# What is made is listed beside this file: apis.txt, accounts.txt, roles.txt, firestore.txt, metrics/, alerts/.
# docs/deploy.md says what comes before and after; remove.sh removes it all.
set -euo pipefail
# shellcheck source=deploy/project.sh
. "$(dirname "${BASH_SOURCE[0]}")/project.sh"

CALENDAR_QUOTA=${CALENDAR_QUOTA:-10000}
NOTIFY=${NOTIFY:-}
LOCATION=${LOCATION:-}
URL=${URL:-}
STEPS=9
WITHOUT_VALUE=

check_settings() {
    check_project
    [[ $CALENDAR_QUOTA =~ ^[1-9][0-9]{2,8}$ && $CALENDAR_QUOTA -ge 240 ]] ||
        die "CALENDAR_QUOTA is the Calendar API's quota, in calls a minute and at least 240"
    [[ -z $NOTIFY || $NOTIFY =~ ^[^[:space:]@,=]+@[^[:space:]@,=]+$ ]] || die "NOTIFY is one e-mail address"
    [[ -z $URL || $URL =~ ^https://[A-Za-z0-9.-]+$ ]] || die "URL is https:// and the function's host, without a path"
    [[ -z $LOCATION || $LOCATION =~ ^[a-z]+[a-z0-9-]*[0-9]$ ]] ||
        die "LOCATION is a place of Firestore's, such as eur3 (gcloud firestore locations list shows them)"
    if [[ -z $LOCATION ]]; then
        case $REGION in
        europe-*) LOCATION=eur3 ;;
        us-*) LOCATION=nam5 ;;
        *) LOCATION=$REGION ;;
        esac
    fi
}

enable_apis() {
    step "APIs"
    local api when missing=()
    while read -r api when <&3; do
        if wanted "$when" && ! has "$APIS_ON" "$api"; then missing+=("$api"); fi
    done 3< <(rows apis.txt)
    [[ ${#missing[@]} != 0 ]] || return 0
    run services enable "${missing[@]}"
    [[ $SHOW == yes ]] || APIS_ON=$(gcloud services list --enabled --format="value(config.name)" --project="$PROJECT")
}

create_accounts() {
    step "Service accounts"
    local name when title known
    known=$(there iam.googleapis.com iam service-accounts list --format="value(email)")
    while read -r name when title <&3; do
        if wanted "$when" && ! has "$known" "$(address "$name")"; then
            run iam service-accounts create "$name" "--display-name=$title"
        fi
    done 3< <(rows accounts.txt)
}

create_queue() {
    step "Cloud Tasks: the queue"
    [[ $DELEGATION == yes ]] || return 0
    # A run asks Calendar about twice: it lists the changes, and now and then looks at an event or renews a channel.
    # Runs get half of the project's quota, and creates, for which users wait, the other half:
    # 10,000 calls a minute / 60 / 2 calls a run / 2 = 41 runs a second.
    local rate=$((CALENDAR_QUOTA / 60 / 2 / 2))
    # An instance serves 80 requests at once. So that runs alone never fill one, half of that may run at once.
    local at_once=40
    local limits=("--max-dispatches-per-second=$rate" "--max-concurrent-dispatches=$at_once"
        --max-attempts=10 --min-backoff=10s --max-backoff=600s --max-doublings=6)
    local known
    known=$(there cloudtasks.googleapis.com tasks queues list "--location=$REGION" --format="value(name.basename())")
    if has "$known" "$QUEUE"; then
        run tasks queues update "$QUEUE" "--location=$REGION" "${limits[@]}"
    else
        run tasks queues create "$QUEUE" "--location=$REGION" "${limits[@]}"
    fi
}

grant_roles() {
    step "Roles, each on as little as possible; one that is there already stays as it is"
    local account role on when to
    while read -r account role on when <&3; do
        wanted "$when" || continue
        to=("--role=$role" "--member=serviceAccount:$(address "$account")")
        case $on in
        project) run_patiently projects add-iam-policy-binding "$PROJECT" "${to[@]}" --condition=None ;;
        queue) run_patiently tasks queues add-iam-policy-binding "$QUEUE" "--location=$REGION" "${to[@]}" ;;
        *) run_patiently iam service-accounts add-iam-policy-binding "$(address "$on")" "${to[@]}" --condition=None ;;
        esac
    done 3< <(rows roles.txt)
}

create_database() {
    step "Firestore: the database, and what it indexes; each change of a field takes it up to a minute"
    local known indexed="" expiring=""
    known=$(there firestore.googleapis.com firestore databases list --format="value[separator=' '](name.basename(),type)")
    if has "$known" "$DATABASE DATASTORE_MODE"; then
        echo "The database $DATABASE is in Datastore mode, which cannot be changed: say another one with DATABASE" >&2
        return 1
    elif ! has "$known" "$DATABASE FIRESTORE_NATIVE"; then
        run firestore databases create "--database=$DATABASE" "--location=$LOCATION" --type=firestore-native \
            --delete-protection
    else
        indexed=$(there firestore.googleapis.com firestore indexes fields list "--database=$DATABASE" \
            --format="value[separator=' '](name.segment(5),name.segment(7),indexConfig.indexes.fields.order.flatten())")
        expiring=$(there firestore.googleapis.com firestore fields ttls list "--database=$DATABASE" \
            --format="value[separator=' '](name.segment(5),name.segment(7))")
        if ! grep -q '^mapping ' <<<"$indexed"; then
            echo "# The database $DATABASE was there before. If other programs use it, choose a new one: DATABASE=anyroom"
        fi
    fi
    index_fields "$indexed" "$expiring"
}

# index_fields INDEXED EXPIRING: make them as in firestore.txt, in that order: what is asked for, then `*`, all the rest.
index_fields() {
    local collection field what of
    while read -r collection field what <&3; do
        of=("$field" "--database=$DATABASE" "--collection-group=$collection")
        case $what in
        ascending) has "$1" "$collection $field ASCENDING" || run firestore indexes fields update "${of[@]}" --index=order=ascending ;;
        none) has "$1" "$collection $field " || run firestore indexes fields update "${of[@]}" --disable-indexes ;;
        ttl) has "$2" "$collection $field" || run firestore fields ttls update "${of[@]}" --enable-ttl ;;
        esac
    done 3< <(rows firestore.txt)
}

create_secrets() {
    step "Secrets, and the function's account as their only reader"
    [[ -f $CONFIG ]] || echo "# There is no $CONFIG yet: when it names secrets, run this again"
    local name known values
    known=$(there secretmanager.googleapis.com secrets list --format="value(name.basename())")
    for name in $(named_secrets); do
        values=
        if has "$known" "$name"; then
            values=$(there secretmanager.googleapis.com secrets versions list "$name" --format="value(name.basename())")
        else
            run secrets create "$name" --replication-policy=automatic --labels="$OURS"
        fi
        run_patiently secrets add-iam-policy-binding "$name" --role=roles/secretmanager.secretAccessor \
            "--member=serviceAccount:$(address anyroom)" --condition=None
        [[ -n $values ]] || give_value "$name"
    done
}

# give_value NAME: a first key, which nobody need ever see; what only you can know is left to you.
give_value() {
    if [[ $1 == anyroom-keys ]]; then
        printf 'openssl rand -base64 32 | '
        if [[ $SHOW == yes ]]; then run secrets versions add "$1" --data-file=-; else
            openssl rand -base64 32 | run secrets versions add "$1" --data-file=-
        fi
    else
        WITHOUT_VALUE="$WITHOUT_VALUE $1"
    fi
}

create_sweep() {
    step "Cloud Scheduler: the sweep, every five minutes"
    local known url=$URL verb=create
    [[ -n $url ]] || url=https://$SERVICE-$NUMBER.$REGION.run.app
    known=$(there cloudscheduler.googleapis.com scheduler jobs list "--location=$REGION" --format="value(name.basename())")
    if has "$known" "$SWEEP"; then verb=update; fi
    # --attempt-deadline is above the two minutes that a sweep takes at most.
    run_patiently scheduler jobs "$verb" http "$SWEEP" "--location=$REGION" "--schedule=*/5 * * * *" --time-zone=Etc/UTC \
        "--uri=$url/sweep" --http-method=POST --attempt-deadline=180s \
        "--oidc-service-account-email=$(address anyroom-tasks)" "--oidc-token-audience=$url/sweep"
}

create_metrics() {
    step "Cloud Logging: metrics, each named like its file"
    local file name known verb
    known=$(there logging.googleapis.com logging metrics list --format="value(name)")
    while read -r file <&3; do
        name=$(basename "${file%.*}")
        if has "$known" "$name"; then verb=update; else verb=create; fi
        run logging metrics "$verb" "$name" "--config-from-file=$file"
    done 3< <(resources metrics)
}

# find_channel: CHANNEL is where alerts are sent, made unless it is there; empty without NOTIFY.
find_channel() {
    CHANNEL=
    [[ -n $NOTIFY ]] || return 0
    CHANNEL=$(channel_to "$NOTIFY")
    [[ -z $CHANNEL ]] || return 0
    run beta monitoring channels create --type=email --display-name=Anyroom "--channel-labels=email_address=$NOTIFY"
    CHANNEL=projects/$PROJECT/notificationChannels/CHANNEL
    [[ $SHOW == yes ]] || CHANNEL=$(channel_to "$NOTIFY")
}

channel_to() {
    local known
    # Within $(...) a failure does not end the script by itself.
    known=$(there monitoring.googleapis.com beta monitoring channels list --format="value[separator=' '](labels.email_address,name)") ||
        return
    awk -v "to=$1" '$1 == to { print $2; exit }' <<<"$known"
}

create_alerts() {
    step "Cloud Monitoring: alerts, known by their display names, and whom they write to"
    find_channel
    local file title stamp labels known now name channels
    known=$(there monitoring.googleapis.com alpha monitoring policies list \
        --format="value[separator='|'](displayName,name,userLabels.definition,notificationChannels.list())")
    while read -r file <&3; do
        title=$(display_name "$file")
        stamp=v$(cksum <"$file" | cut -d' ' -f1)
        labels=service=$SERVICE,definition=$stamp # a new policy has those that are said here, and none of the file
        IFS='|' read -r name now channels <<<"$(awk -F'|' -v "title=$title" '$1 == title { print $2 FS $3 FS $4; exit }' <<<"$known")"
        if [[ -z $name ]]; then
            run_patiently alpha monitoring policies create "--policy-from-file=$file" "--user-labels=$labels" \
                ${CHANNEL:+"--notification-channels=$CHANNEL"}
        elif [[ $now != "$stamp" || ,$channels, != *,"${CHANNEL:-$channels}",* ]]; then
            [[ -z $CHANNEL || ,$channels, == *,"$CHANNEL",* ]] || channels=$channels${channels:+,}$CHANNEL
            # The file replaces all of the policy: whom it wrote to so far is said again.
            run_patiently alpha monitoring policies update "$name" "--policy-from-file=$file" \
                "--update-user-labels=$labels" ${channels:+"--set-notification-channels=$channels"}
        fi
    done 3< <(resources alerts)
}

say_what_is_left() {
    echo "# Done. docs/deploy.md goes on from here. What only you can do:"
    local name
    for name in $WITHOUT_VALUE; do
        echo "#   give the secret $name its value; this waits until you paste it, and press Enter:" \
            "read -rs VALUE && printf %s \"\$VALUE\" | gcloud secrets versions add $name --data-file=- --project=$PROJECT"
    done
    [[ $DELEGATION == no ]] || echo "#   let $(address anyroom-delegate) follow users (Admin console > Domain-wide delegation); its client id:" \
        "gcloud iam service-accounts describe $(address anyroom-delegate) --format='value(uniqueId)'"
    [[ -n $NOTIFY ]] || echo "#   say whom alerts write to: NOTIFY=ADDRESS, and run this again"
}

case ${1:-} in
--show) SHOW=yes ;;
"") ;;
*)
    usage
    [[ $1 == --help ]] || die "There is only --show; everything else is said by variables"
    exit
    ;;
esac
check_settings
use_gcloud_alone
check_region
enable_apis
create_accounts
create_database
create_secrets
create_queue
grant_roles
create_sweep
create_metrics
create_alerts
say_what_is_left
