#!/bin/sh
# A client of `rotortree serve` with curl and a POSIX shell.
#
#   rotortree-client.sh URL head
#   rotortree-client.sh URL append LEAF...                  wants ROTORTREE_TOKEN
#   rotortree-client.sh URL prove HASH ARITY HEAD INDEX     prints the leaf, once it is verified
#   rotortree-client.sh URL follow HASH ARITY HEAD          prints heads, each once it is verified
#
# HASH, ARITY and the first HEAD come from a source that you trust, not from the server.
set -eu

verify=$(dirname "$0")/rotortree-verify.sh
url=${1%/}
command=$2
shift 2

# The value of the field $1 in the JSON object on the standard input, a number or a text.
field() { sed -n 's/.*"'"$1"'" *: *"\{0,1\}\([0-9a-zA-Z]*\).*/\1/p'; }

# One object of the server. curl asks again where no answer came, and where the server is busy.
get() { curl -sS --fail-with-body --max-time 30 --retry 8 --retry-connrefused "$url$1"; }

# The head in the JSON object $1.
head_of() { echo "$(printf '%s' "$1" | field size):$(printf '%s' "$1" | field root)"; }

# Appends durably at the size that the tree has. The same leaves at the same size again are the same
# append, so that a lost answer is asked for again and nothing is appended twice.
append() {
    size=$(get /v1/head | field size)
    leaves=$(printf ',"%s"' "$@")
    for pause in 1 2 4 8 0; do
        answer=$(printf '{"leaves":[%s],"expected_size":%s}' "${leaves#,}" "$size" |
            curl -sS --max-time 30 -w ' %{http_code}' -H 'Content-Type: application/json' \
                -H "Authorization: Bearer $ROTORTREE_TOKEN" --data-binary @- "$url/v1/leaves") || :
        case ${answer##* } in
            200) echo "${answer% *}" && return ;;
            4??) echo "refused: $answer" >&2 && exit 1 ;;
        esac
        sleep $pause
    done
    echo "no answer" >&2 && exit 1
}

prove() { # HASH ARITY HEAD INDEX
    proof=$(get "/v1/proofs/$4?size=${3%%:*}" | field proof)
    found=$(sh "$verify" inclusion "$1" "$2" "$3" "$proof")
    [ "${found% *}" = "$4" ] || { echo "refused: a proof of leaf ${found% *}" >&2; exit 1; }
    echo "0x${found#* }"
}

# Follows the stream of heads without end. A broken stream is resumed behind the last head, which is
# kept in a file, since the loop that reads the stream is a process of its own.
follow() { # HASH ARITY HEAD
    kept=$(mktemp)
    trap 'rm -f "$kept"' EXIT
    echo "$3" > "$kept"
    while :; do
        trusted=$(cat "$kept")
        curl -sN -H "Last-Event-ID: ${trusted%%:*}" "$url/v1/heads" | while read -r name data; do
            [ "$name" = data: ] || continue
            newer=$(head_of "$data")
            proof=$(get "/v1/consistency/${trusted%%:*}/${newer%%:*}" | field proof)
            sh "$verify" consistency "$1" "$2" "$trusted" "$newer" "$proof" > /dev/null || exit 1
            trusted=$newer
            echo "$trusted" | tee "$kept"
        done || exit 1
        sleep 1
    done
}

case $command in
    head) head_of "$(get /v1/head)" ;;
    append) append "$@" ;;
    prove) prove "$@" ;;
    follow) follow "$@" ;;
    *) sed -n '3,8s/^# *//p' "$0" >&2 && exit 2 ;;
esac
