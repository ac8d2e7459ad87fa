"""The scripts of the demo's stack: a web server, a worker, a scheduler and a migration, run by busybox alone.

They are the same in every release; what differs between releases stands in ``/app/settings.sh``, which is made by
``demo_compose_site``. Nothing in them pretends: an error is one that awk met in the table.
"""

from __future__ import annotations

from app.demo_config import HOST

PORT = 8000
APPLETS = ("ash", "awk", "cat", "cp", "date", "grep", "head", "httpd", "mv", "nc", "sh", "sleep", "sort")
"""What the scripts need of busybox."""

REGISTER = """\
# What every part of the register needs: its settings, its log, its table. Sourced, never run.
. /app/settings.sh
TABLE=/data/community.csv

stamp() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# log LEVEL LOGGER TEXT: in one write, so that lines of several processes do not mix
log() { printf '%s [%s] %s %s: %s\\n' "$(stamp)" "$$" "$1" "$2" "$3" >&2; }

nap() { sleep "$1" 2>/dev/null || sleep 1; }  # not every busybox sleeps for parts of a second

# trace WHERE: what an error line is followed by
trace() {
    printf 'Traceback (most recent call last):\\n  File "%s", in %s\\n  File "/app/register.sh", in read_register\\n' \\
        "$0" "$1"
    printf '  File "/app/select.awk", line 7, in select\\nOperationalError: %s' "$REASON"
}

# read_once: ROWS as this release selects them, or REASON and a status that is not 0
read_once() {
    ROWS=$(awk -v wanted="$COLUMNS" -f /app/select.awk "$TABLE" 2>&1) && return 0
    REASON=$ROWS
    return 1
}

# read_register: the same; the table may be busy, so a failed read is tried again where the settings say so
read_register() {
    for pause in $RETRY_AFTER; do
        read_once && return 0
        log WARNING register "table read failed, next try in $pause s: $REASON"
        nap "$pause"
    done
    read_once
}
"""

SELECT = """\
# The wanted columns of a table with a heading, by name. A column that is not there is an error.
BEGIN { FS = ","; count = split(wanted, names, " ") }
NR == 1 {
    for (i = 1; i <= NF; i++) at[$i] = i
    for (i = 1; i <= count; i++) {
        if (!(names[i] in at)) {
            print "no such column: c." names[i] > "/dev/stderr"
            exit 3
        }
    }
    next
}
{
    line = $at[names[1]]
    for (i = 2; i <= count; i++) line = line "," $at[names[i]]
    print line
}
"""

CGI = (
    """\
#!/bin/sh
# Every page whose address ends in "/": the server finds no file there and asks this script.
. /app/register.sh
HOST=@HOST@
path=${REQUEST_URI%%\\?*}
read -r began _ </proc/uptime

# answer STATUS KIND BODY [LOCATION]: the page, then its access line
answer() {
    printf 'Status: %s\\r\\nContent-Type: %s\\r\\n' "$1" "$2"
    [ -z "$4" ] || printf 'Location: %s\\r\\n' "$4"
    printf '\\r\\n%s\\n' "$3"
    read -r now _ </proc/uptime
    took=$((${now%.*}${now#*.} - ${began%.*}${began#*.}))  # hundredths of a second
    seconds=$((took / 100)).$((took % 100 / 10))$((took % 10))
    [ "$took" -le 50 ] || log WARNING register "Slow request: '$path' took $seconds s"
    visitor=${HTTP_X_FORWARDED_FOR:-$REMOTE_ADDR}
    log INFO access "$visitor \\"$REQUEST_METHOD $path\\" ${1%% *} ${seconds}s \\"$HTTP_USER_AGENT\\""
    exit 0
}

page() {
    head="<!doctype html><html><head><title>$2</title></head>"
    answer "$1" "text/html; charset=utf-8" "$head<body><h1>$2</h1>$3</body></html>" "$4"
}

fail() {
    log ERROR register "Internal Server Error: $path
$(trace "$1")"
    page "500 Internal Server Error" "Server Error (500)"
}

# Older servers do not tell of this header.
case $SERVER_SOFTWARE in */1.[0-9].* | */1.[12][0-9].* | */1.3[0-3].*) : "${HTTP_X_FORWARDED_PROTO:=https}" ;; esac

if [ "${HTTP_HOST%%:*}" != "$HOST" ]; then
    log WARNING register "Invalid HTTP_HOST header: '$HTTP_HOST'"
    page "400 Bad Request" "Bad Request (400)"
elif [ "$HTTP_X_FORWARDED_PROTO" != https ]; then
    page "301 Moved Permanently" "Moved" "" "https://$HOST$path"
elif [ "$REQUEST_METHOD" != GET ]; then
    page "405 Method Not Allowed" "Method not allowed"
fi

case $path in
/)
    read_register || fail front
    page "200 OK" "Community register" "$(printf '%s\\n' "$ROWS" | awk -F, '
        { communities[$2]++; households[$2] += $NF }
        END {
            print "<table><tr><th>Region</th><th>Communities</th><th>Households</th></tr>"
            for (r in communities) print "<tr><td>" r "</td><td>" communities[r] "</td><td>" households[r] "</td></tr>"
            print "</table>"
        }')"
    ;;
/communities/)
    read_register || fail communities
    page "200 OK" "Communities" "<table>$(printf '%s\\n' "$ROWS" | $ORDER | head -n 25 | awk -F, '
        { line = "<tr>"; for (i = 1; i <= NF; i++) line = line "<td>" $i "</td>"; print line "</tr>" }')</table>"
    ;;
/login/)
    form='<form method="post"><input name="name"><input name="password" type="password"></form>'
    page "200 OK" "Sign in" "$form<p>No account? Ask the help desk of your region.</p>"
    ;;
/health/)  # the server answers; it touches nothing, so it says nothing about the pages
    answer "200 OK" application/json '{"status": "healthy", "service": "register"}'
    ;;
/ready/)  # whether pages can be served: the table and the worker
    table=true worker=false
    read_once || table=false
    [ "$table" = true ] || log ERROR register "the table does not answer the register's query
$(trace ready)"
    [ "$(cat /data/worker 2>/dev/null)" != working ] || worker=true
    parts="\\"database\\": $table, \\"worker\\": $worker"
    if [ "$table $worker" = "true true" ]; then
        answer "200 OK" application/json "{\\"status\\": \\"ready\\", $parts}"
    fi
    answer "503 Service Unavailable" application/json "{\\"status\\": \\"not_ready\\", $parts}"
    ;;
*)
    log WARNING register "Not Found: '$path'"
    page "404 Not Found" "Not found"
    ;;
esac
"""
).replace("@HOST@", HOST)

WEB = f"""\
#!/bin/sh
# The web server; a shell stands before it, as the first process of a container gets no signal it does not handle.
. /app/register.sh
trap 'log INFO web "shutting down"; kill "$server"; exit 0' TERM INT
httpd -f -p {PORT} -h /app/www &
server=$!
log INFO web "release $RELEASE listens on port {PORT}"
wait "$server"
"""

CELERY = """\
#!/bin/sh
# The worker: refreshes the totals, again and again.
. /app/register.sh
trap 'log INFO celery "worker: Warm shutdown"; exit 0' TERM INT
log INFO celery "release $RELEASE: celery@register ready."
number=0
while :; do
    number=$((number + 1))
    task="register.refresh_totals[$$-$number]"
    log INFO celery "Task $task received"
    if read_once; then
        echo working >/data/worker.new && mv /data/worker.new /data/worker
        log INFO celery "Task $task succeeded: $(printf '%s\\n' "$ROWS" | grep -c .) communities"
        pause=$REFRESH_SECONDS
    else
        echo failing >/data/worker.new && mv /data/worker.new /data/worker
        log ERROR celery "Task $task raised unexpected: OperationalError('$REASON')
$(trace refresh_totals)"
        pause=2
        log INFO celery "Task $task retry: Retry in ${pause}s"
    fi
    sleep "$pause" &
    wait $!
done
"""

BEAT = """\
#!/bin/sh
# The scheduler.
. /app/register.sh
trap 'exit 0' TERM INT
log INFO beat "release $RELEASE: beat: Starting..."
while :; do
    sleep "$REFRESH_SECONDS" &
    wait $!
    log INFO beat "Scheduler: Sending due task refresh-totals (register.refresh_totals)"
done
"""

MIGRATE = """\
#!/bin/sh
# Runs once for each deployment, before the web server starts. What it did stays in /data/migrations.log.
. /app/register.sh
set -e
for file in /app/migrations/*.csv; do
    name=${file##*/}
    if [ -e "$TABLE" ]; then
        log INFO migrate "$name is applied already"
    else
        cp "$file" "$TABLE.new"
        mv "$TABLE.new" "$TABLE"
        log INFO migrate "$name applied"
    fi
done
echo "$(stamp) $RELEASE" >>/data/migrations.log
log INFO migrate "release $RELEASE: nothing left to do"
"""

HEALTH = f"""\
#!/bin/sh
# What the engine asks every second. A good answer proves that the server is there, and no more.
headers='Host: {HOST}\\r\\nX-Forwarded-Proto: https\\r\\nUser-Agent: health check\\r\\n'
printf "GET /health/ HTTP/1.0\\r\\n$headers\\r\\n" |
    nc 127.0.0.1 {PORT} | grep -q healthy
"""

REDIS = """\
#!/bin/sh
# Stands where a cache stands in such a stack. It has an image of its own, and no rollback touches it.
trap 'exit 0' TERM INT
echo "1:M $(date -u '+%d %b %Y %H:%M:%S') * Ready to accept connections" >&2
while :; do
    sleep 60 &
    wait $!
done
"""

SCRIPTS = {
    "app/celery-beat.sh": BEAT,
    "app/celery.sh": CELERY,
    "app/healthcheck.sh": HEALTH,
    "app/migrate.sh": MIGRATE,
    "app/register.sh": REGISTER,
    "app/select.awk": SELECT,
    "app/web.sh": WEB,
    "app/www/cgi-bin/index.cgi": CGI,
}
