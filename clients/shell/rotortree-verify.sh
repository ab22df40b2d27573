#!/bin/sh
# Verifies proofs of rotortree trees with a POSIX shell, awk and sha256sum.
#
#   rotortree-verify.sh inclusion HASH ARITY HEAD PROOF         prints INDEX LEAF
#   rotortree-verify.sh consistency HASH ARITY OLD NEW PROOF    prints `grew`
#
# HASH is sha256 or rfc6962, a head SIZE:ROOT, a proof its bytes in hex. A proof that does not hold
# is exit code 1. The head comes from a source that you trust, and so do HASH and ARITY. Compare
# index and leaf with those that you asked for. Sizes are below 2^63, the numbers of a shell.
set -eu

refuse() { echo "refused: $1" >&2; exit 1; }

# The standard input's hex digits as bytes.
unhex() {
    awk '{
        for (i = 1; i < length($0); i += 2)
            text = text sprintf("\\0%03o", 16 * digit(i) + digit(i + 1))
        print text
    }
    function digit(at) { return index("0123456789abcdef", substr($0, at, 1)) - 1 }' |
        { read -r escapes; printf '%b' "$escapes"; }
}

# The lower-case digits of $1, in `digits`.
clean() {
    digits=$(printf '%s' "${1#0x}" | tr A-F a-f)
    case $digits in *[!0-9a-f]*) refuse "not hex digits" ;; esac
    [ $((${#digits} % 2)) = 0 ] || refuse "half a byte"
}

# The size and the root of the head $1, in `size` and `root`.
split_head() {
    size=${1%%:*}
    case $size in '' | *[!0-9]* | 0?*) refuse "a head is SIZE:ROOT" ;; esac
    clean "${1#*:}"
    root=$digits
    [ ${#root} = 64 ] || refuse "a head is SIZE:ROOT"
}

# The parent of the children $1, in `parent`. A node without siblings is lifted as it is.
parent_of() {
    parent=$1
    [ ${#1} -le 64 ] ||
        parent=$(printf '%s\n' "$prefix$1" | unhex | sha256sum | cut -c 1-64)
}

# The next $1 bytes of the proof, in `taken`.
take() {
    [ ${#rest} -ge $((2 * $1)) ] || refuse "the proof is cut short"
    taken=
    [ "$1" = 0 ] || taken=$(printf '%s' "$rest" | cut -c "1-$((2 * $1))")
    rest=${rest#"$taken"}
}

# The next number of the proof, in `number`.
read_number() {
    number=0 shift_by=0 byte=128
    while [ $byte -ge 128 ]; do
        [ $shift_by -lt 63 ] || refuse "a number is too large"
        take 1
        byte=$((0x$taken))
        number=$((number | ((byte & 127) << shift_by)))
        shift_by=$((shift_by + 7))
    done
    [ $byte -gt 0 ] || [ $shift_by = 7 ] || refuse "a number is not in its shortest form"
}

expect_number() { read_number; [ "$number" = "$1" ] || refuse "$number in place of $1"; }

# begin KIND HASH ARITY PROOF
begin() {
    case $2 in sha256) prefix= ;; rfc6962) prefix=01 ;; *) refuse "unknown hash: $2" ;; esac
    arity=$3
    [ "$arity" -ge 2 ] || refuse "no tree has an arity of $arity"
    clean "$4"
    rest=$digits
    take 2
    [ "$taken" = "$1" ] || refuse "not such a proof"
    expect_number "$arity"
}

# Of a level of $1 nodes: the number of nodes above it; the place of node `place` in its group, in
# `position`, and the size of the group, in `group`.
up() { echo $((($1 + arity - 1) / arity)); }
locate() {
    position=$((place % arity)) group=$(($1 - place + place % arity))
    [ $group -le "$arity" ] || group=$arity
}

verify_inclusion() { # HASH ARITY HEAD PROOF
    split_head "$3"
    begin 0301 "$1" "$2" "$4"
    expect_number "$size"
    read_number
    index=$number place=$number width=$size
    [ "$index" -lt "$size" ] || refuse "no such leaf"
    take 32
    leaf=$taken parent=$taken
    while [ "$width" -gt 1 ]; do
        locate "$width"
        take $((32 * position))
        left=$taken$parent
        take $((32 * (group - position - 1)))
        parent_of "$left$taken"
        place=$((place / arity)) width=$(up "$width")
    done
    [ -z "$rest" ] || refuse "bytes stand behind the proof"
    [ "$parent" = "$root" ] || refuse "the proof leads to another root"
    echo "$index $leaf"
}

verify_consistency() { # HASH ARITY OLD NEW PROOF
    split_head "$3"
    old=$size old_root=$root
    split_head "$4"
    begin 0401 "$1" "$2" "$5"
    expect_number "$old"
    expect_number "$size"
    # From the empty tree every tree grows, and a tree of the same size is the same.
    before=$(printf '%064d' 0) after=$root
    [ "$old" -gt 0 ] || [ "$old_root" = "$before" ] || refuse "no root of the empty tree"
    [ "$old" -le "$size" ] || refuse "the tree shrank"
    if [ "$old" = "$size" ]; then before=$root; elif [ "$old" -gt 0 ]; then find_roots; fi
    [ -z "$rest" ] || refuse "bytes stand behind the proof"
    [ "$before $after" = "$old_root $root" ] || refuse "the proof leads to other roots"
    echo grew
}

# The roots that follow from a proof between `old` and `size`, in `before` and `after`: the
# straddlers of rotortree_verify.py, level by level.
find_roots() {
    place=$old width=$size before='' after=''
    while [ $((place % arity)) = 0 ]; do
        place=$((place / arity)) old=$(up "$old") width=$(up "$width")
    done
    while [ "$width" -gt 1 ]; do
        locate "$width"
        take $((32 * position))
        left=$taken
        take $((32 * (group - position) - ${#after} / 2))
        right=$taken
        if [ "$old" -gt 1 ] || [ -z "$before" ]; then
            parent_of "$left$before" && before=$parent
        fi
        parent_of "$left$after$right" && after=$parent
        place=$((place / arity)) old=$(up "$old") width=$(up "$width")
    done
}

case ${1-} in inclusion | consistency) kind=$1 && shift && "verify_$kind" "$@" ;; esac
