# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for the caller
# Asks imattrd for the attributes of Tencent Chat accounts. Bash 5.0 or later, Linux. To be sourced:
#
#   source imattr.bash
#   imattr_get_attrs 'Zhang Xiaohong' abc && echo "${IMATTR_ATTRS[abc]}"
#
#   imattr_get_attrs [--timeout-ms MS] [--max-age-ms MS] [--partial] [--] ACCOUNT...
#   imattr_stream [--batch N] [--in-flight N] [--timeout-ms MS] [--max-age-ms MS] [--partial] [--] COMMAND [ARGUMENT...]  <accounts
#   imattr_ping, imattr_get_status [--timeout-ms MS]
#   imattr_call [--timeout-ms MS] [--] METHOD [PARAMS]
#   imattr_json_member JSON KEY, imattr_json_string TEXT
#
# All calls take --socket PATH, too.
#
# Results are put into variables, and nothing is printed, so that no call needs a subshell (which would lose them):
#
#   IMATTR_RESULT            what the daemon answered, as JSON text
#   IMATTR_ATTRS[ACCOUNT]    imattr_get_attrs: the attributes of each account that was answered, as JSON text
#   IMATTR_MISSING           imattr_get_attrs: the accounts that upstream left out of its answer
#   IMATTR_FAILED[ACCOUNT]   imattr_get_attrs --partial: why an account failed, as JSON text
#   IMATTR_TAKEN             imattr_stream: accounts read from standard input
#   REPLY                    imattr_json_...: their result
#
# A call that fails says why on standard error, returns an exit code of the imattr command, and sets:
#
#   IMATTR_KIND              argument, refused, unreachable, lost, deadline or protocol; empty after success
#   IMATTR_MESSAGE           the same text as on standard error; refused: the daemon's own message
#   IMATTR_RETRYABLE         true if the same call may succeed later without any change, else false
#   IMATTR_CODE              refused: the code, Tencent's own if upstream refused; deadline: -32001 if the daemon said so
#   IMATTR_RETRY_AFTER_MS    before that, asking again is of no use; empty if the daemon did not say
#   IMATTR_ERROR             refused, and deadline if the daemon said so: its error object with all its data, as JSON text
#   IMATTR_ERRNO             unreachable: the system's error, as ENOENT
#
#   0 all answered; 1 upstream refused, or (--partial, and IMATTR_KIND empty) some accounts failed; 3 some accounts missing; 64 usage; 69 no daemon; 70 internal; 75 try
#   again; 76 not our protocol; 77 access denied; 78 daemon misconfigured
#
# The socket is that of --socket, else IMATTRD_SOCKET, else /run/imattrd/imattrd.sock. It is talked to by the first of nc (OpenBSD's), socat and
# imattr that is there, or by the one that IMATTR_TRANSPORT names. imattr describes its errors in prose, so there IMATTR_ERROR
# stays empty and long IMATTR_RETRY_AFTER_MS are rounded up to seconds.
#
# Names that begin with _imattr or _IMATTR are not for callers.

IMATTR_VERSION=0.1.0

_IMATTR_LONGEST_ANSWER=268435456 # bytes; a longer line ends the connection
_IMATTR_LONGEST_PATH=107         # bytes; the kernel's limit

# Least and greatest value of each option.
declare -gA _IMATTR_RANGE=([timeout-ms]='1 600000' [max-age-ms]='0 3600000' [batch]='1 10000' [in-flight]='1 1024')

# ---- The calls

# Gets the attributes of any number of accounts, each 1 to 255 bytes of UTF-8. Options: --timeout-ms, the whole time (30000);
# --max-age-ms, how old an answer that the daemon holds may be (0); --partial: accounts that fail are in IMATTR_FAILED, beside those
# that were answered, and the call fails only if none was answered. Returns 1 if accounts failed, else 3 if some are missing.
imattr_get_attrs() {
    local -A _imattr_option=([timeout-ms]=30000 [max-age-ms]=0 [batch]=500 [in-flight]=32)
    local _imattr_used
    _imattr_begin
    _imattr_options 'timeout-ms max-age-ms partial' "$@" || return
    shift "$_imattr_used"
    declare -gA IMATTR_ATTRS=() IMATTR_FAILED=()
    declare -ga IMATTR_MISSING=()
    local -a _imattr_accounts=()
    _imattr_distinct "$@" || return
    _imattr_gather
}

# Gets the attributes of the accounts on standard input, one a line, in bounded memory, and runs
#     COMMAND [ARGUMENT...] ACCOUNT ATTRIBUTES             for each that was answered (ATTRIBUTES is JSON text)
#     COMMAND [ARGUMENT...] ACCOUNT '' [CODE ERRORINFO]    for each that is missing, with upstream's reason if it gave one
#     COMMAND [ARGUMENT...] ACCOUNT '' CODE MESSAGE ENTRY  for each that failed (with --partial; ENTRY is all of it, as JSON text)
# as answers arrive. COMMAND may be a function; its standard input is empty. Its first failure ends the stream and is returned; else 1
# if accounts failed, else 3 if some are missing. Options: --partial;  --batch, accounts in a request (500); --in-flight, requests at once (32);
# --timeout-ms and --max-age-ms, of each request. An account that is repeated is answered once in each request.
imattr_stream() {
    local -A _imattr_option=([timeout-ms]=30000 [max-age-ms]=0 [batch]=500 [in-flight]=32)
    local _imattr_used _imattr_some_missing=0 _imattr_some_failed=0
    _imattr_begin
    IMATTR_TAKEN=0
    _imattr_options 'batch in-flight timeout-ms max-age-ms partial' "$@" || return
    shift "$_imattr_used"
    if (($# == 0)); then
        _imattr_fail argument 64 'imattr_stream: which command is to be run for each account?'
        return
    fi
    local -a _imattr_accounts=()
    local -a _imattr_errors=()
    while _imattr_read_accounts || return; ((${#_imattr_accounts[@]} > 0)); do
        _imattr_ask _imattr_stream_answer "$@" || return
    done
    ((_imattr_some_failed == 0)) || return 1
    ((_imattr_some_missing == 0)) || return 3
}

# Asks whether the daemon is there and answers.
imattr_ping() {
    imattr_call "$@" ping || return
    [[ $IMATTR_RESULT == '"pong"' ]] || _imattr_not_ours 'ping was not answered with "pong"'
}

# Gets the daemon's state, limits and counters.
imattr_get_status() { imattr_call "$@" getStatus; }

# Calls any method. PARAMS: the JSON text of an object or an array. --timeout-ms: how long to wait (30000).
imattr_call() {
    local -A _imattr_option=([timeout-ms]=30000)
    local _imattr_used
    _imattr_begin
    _imattr_options timeout-ms "$@" || return
    shift "$_imattr_used"
    local _imattr_method=${1-} _imattr_params=${2-} _imattr_id _imattr_status=0 _imattr_verdict=''
    if (($# < 1 || $# > 2)) || [[ -z $_imattr_method ]]; then
        _imattr_fail argument 64 'imattr_call: METHOD [PARAMS] is what it takes.'
        return
    fi
    if [[ -n $_imattr_params ]] && ! _imattr_split "$_imattr_params"; then
        _imattr_fail argument 64 'imattr_call: PARAMS is not the JSON text of an object or an array.'
        return
    fi
    local "${_IMATTR_JOB[@]}"
    local -A _imattr_waiting=() _imattr_in_flight=()
    local -a _imattr_lines=()
    _imattr_start || return
    imattr_json_string "$_imattr_method"
    _imattr_waiting[1]="\"method\":$REPLY${_imattr_params:+,\"params\":${_imattr_params//$'\n'/ }}"
    _imattr_next_answer || _imattr_status=$?
    _imattr_hang_up
    ((_imattr_status == 0)) || return "$_imattr_status"
    IMATTR_RESULT=$REPLY
}

# ---- JSON for callers

# Sets REPLY to TEXT as a JSON string. TEXT should be UTF-8.
imattr_json_string() {
    local LC_ALL=C text=$1 code escape character
    text=${text//\\/\\\\}
    text=${text//'"'/'\"'}
    if [[ $text == *[$'\x01'-$'\x1f']* ]]; then
        for code in {1..31}; do
            printf -v escape '\\u%04x' "$code"
            printf -v character '%b' "\\x${escape: -2}"
            text=${text//"$character"/"$escape"}
        done
    fi
    REPLY="\"$text\""
}

# Sets REPLY to the member KEY of a JSON object: a string as its text, anything else as JSON text. Returns 1 if it is not there.
# (The text of a string loses its U+0000: Bash cannot hold one.)
imattr_json_member() {
    local -A _imattr_members
    if [[ -z $2 ]] || ! _imattr_object "$1" || [[ -z ${_imattr_members[$2]-} ]]; then
        REPLY=
        return 1
    fi
    REPLY=${_imattr_members[$2]}
    [[ $REPLY != '"'* ]] || _imattr_text "$REPLY"
}

# ---- Options, accounts, failures

# Forgets what the last call left.
_imattr_begin() {
    declare -g REPLY='' IMATTR_RESULT='' IMATTR_KIND='' IMATTR_MESSAGE='' IMATTR_RETRYABLE='' IMATTR_CODE='' \
        IMATTR_RETRY_AFTER_MS='' IMATTR_ERROR='' IMATTR_ERRNO=''
}

# Ends a call: sets the variables, says why, and returns STATUS. Retryable is true for status 75 by default.
_imattr_fail() { # KIND STATUS MESSAGE [RETRYABLE]
    IMATTR_KIND=$1 IMATTR_MESSAGE=$3 IMATTR_RETRYABLE=${4-false}
    if (($# < 4 && $2 == 75)); then IMATTR_RETRYABLE=true; fi
    printf 'imattr: %s\n' "$3" >&2
    return "$2"
}

# Reads options into _imattr_option; _imattr_used is how many arguments they are.
_imattr_options() { # NAMES ARGUMENT...
    local names=" $1 socket " name value least greatest
    shift
    _imattr_used=0
    while [[ ${1-} == --* ]]; do
        name=${1#--} value=${2-}
        if [[ -z $name ]]; then
            ((_imattr_used += 1))
            return 0
        fi
        if [[ $names != *" $name "* ]]; then
            _imattr_fail argument 64 "$1 is no option here; known are:${names// / --}(an account that begins with -- follows a --)"
            return
        fi
        if [[ $name == partial ]]; then
            _imattr_option[partial]=yes
            shift
            ((_imattr_used += 1))
            continue
        fi
        if [[ $name == socket ]]; then
            [[ -n $value ]] || { _imattr_fail argument 64 '--socket is empty; it must be a path.'; return; }
            _imattr_option[socket]=$value
            shift 2
            ((_imattr_used += 2))
            continue
        fi
        IFS=' ' read -r least greatest <<<"${_IMATTR_RANGE[$name]}"
        if ! [[ $value =~ ^[0-9]{1,9}$ ]] || ((10#$value < least || 10#$value > greatest)); then
            _imattr_fail argument 64 "--$name is '$value'; $least to $greatest are allowed."
            return
        fi
        _imattr_option[$name]=$((10#$value))
        shift 2
        ((_imattr_used += 2))
    done
}

# UTF-8 as RFC 3629 has it, to be matched byte by byte.
_IMATTR_UTF8=$'^([\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf][\x80-\xbf]'
_IMATTR_UTF8+=$'|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf][\x80-\xbf]'
_IMATTR_UTF8+=$'|[\xf1-\xf3][\x80-\xbf][\x80-\xbf][\x80-\xbf]|\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf])*$'

# Sets REPLY to what is wrong with an account, empty if nothing is.
_imattr_complaint() { # ACCOUNT
    local LC_ALL=C
    REPLY=
    if ((${#1} < 1 || ${#1} > 255)); then
        REPLY="has ${#1} bytes; 1 to 255 are allowed."
    elif [[ $1 == *[$'\x80'-$'\xff']* && ! $1 =~ $_IMATTR_UTF8 ]]; then
        REPLY='is not UTF-8.'
    fi
}

# Sets _imattr_accounts to the arguments, each once.
_imattr_distinct() { # ACCOUNT...
    local LC_ALL=C account index=0
    local -A seen=()
    for account; do
        if [[ $account != [a-zA-Z0-9]* || $account == *[!$'\x20'-$'\x7e']* || ${#account} -gt 255 ]]; then
            _imattr_complaint "$account"
            [[ -z $REPLY ]] || { _imattr_fail argument 64 "account [$index] $REPLY"; return; }
        fi
        ((index += 1))
        [[ -z ${seen[$account]+seen} ]] || continue
        seen[$account]=seen
        _imattr_accounts+=("$account")
    done
}

# Sets _imattr_accounts to the next lines of standard input, as many as may be read ahead; to none at its end.
_imattr_read_accounts() {
    local LC_ALL=C line
    local -a lines=()
    _imattr_accounts=()
    mapfile -t -n $((_imattr_option[batch] * _imattr_option[in-flight])) lines
    for line in ${lines+"${lines[@]}"}; do
        line=${line%$'\r'}
        ((IMATTR_TAKEN += 1))
        [[ -n $line ]] || continue
        _imattr_complaint "$line"
        if [[ -n $REPLY ]]; then
            _imattr_fail argument 64 "line $IMATTR_TAKEN of standard input $REPLY"
            return
        fi
        _imattr_accounts+=("$line")
    done
    # Nothing but empty lines is not the end.
    ((${#lines[@]} == 0 || ${#_imattr_accounts[@]} > 0)) || _imattr_read_accounts
}

# ---- A job: requests that are asked until all of them are answered

# Its state: local to the call, so that what imattr_stream runs may make calls of its own.
_IMATTR_JOB=(
    _imattr_socket=     # the path
    _imattr_transport=  # nc, socat or imattr
    _imattr_fd=         # where the transport's output is read; empty: no connection
    _imattr_pid=        # the transport's process
    _imattr_deadline=0  # ms of the clock below
    _imattr_not_before=0 # ms: the next connection is not made before
    _imattr_pause=0     # ms: the last pause between connections that were of no use
    _imattr_connected=  # not empty: there was a connection, so that the next one is waited for
    _imattr_useful=     # not empty: this connection has answered
    _imattr_rest=       # of what was read, the beginning of a line
    _imattr_latest_id=0 # of the requests
    _imattr_gets_attrs= # not empty: what is asked for is getAttrs
    _imattr_late_until=0 # ms: what came while this process did not run may be read until then
)
# And three arrays: _imattr_waiting[ID] is the rest of each request's line that has no answer (one that ends in "timeoutMs":
# gets what is left of the time), _imattr_in_flight has those of them that this connection will answer, _imattr_lines what
# was read and not looked at.

# Sets _imattr_now to milliseconds of a clock that is never set.
_imattr_tell_time() {
    local uptime
    IFS=' ' read -r uptime _ </proc/uptime
    _imattr_now=$((10#${uptime/./} * 10))
}

# Begins a job: finds the socket and what can talk to it, and sets the deadline.
_imattr_start() {
    local _imattr_now
    _imattr_choose_transport || return
    # imattr takes a request as an argument, which has a limit; other requests are never that long.
    if [[ $_imattr_transport == imattr ]] && ((${_imattr_option[batch]-0} > 100)); then _imattr_option[batch]=100; fi
    _imattr_tell_time
    _imattr_deadline=$((_imattr_now + _imattr_option[timeout-ms]))
}

# Waits for an answer to any request of the job: sets _imattr_id and REPLY, the result. Connects first if need be. Sets
# _imattr_verdict to `late` instead if time is up and what failed is to be reported by account.
_imattr_next_answer() {
    local _imattr_line
    _imattr_verdict=
    while [[ -z $_imattr_verdict ]]; do
        if ((${#_imattr_in_flight[@]} == 0)); then _imattr_connect || return; fi
        if [[ $_imattr_transport == imattr ]]; then
            _imattr_read_imattr || return
        else
            _imattr_read_line || return
        fi
    done
}

# Connects and sends all requests that wait; imattr takes one at a time.
_imattr_connect() {
    local _imattr_now
    _imattr_hang_up
    _imattr_tell_time
    if ((_imattr_now < _imattr_not_before)); then
        _imattr_sleep $(((_imattr_not_before < _imattr_deadline ? _imattr_not_before : _imattr_deadline) - _imattr_now))
        _imattr_tell_time
    fi
    if ((_imattr_now >= _imattr_deadline && _imattr_not_before > 0)); then
        _imattr_fail lost 75 "imattrd at $_imattr_socket went away and did not come back in time. Try again."
        return
    fi
    _imattr_useful=
    local id
    for id in "${!_imattr_waiting[@]}"; do
        _imattr_in_flight[$id]=sent
        [[ $_imattr_transport != imattr ]] || break
    done
    _imattr_dial $((_imattr_deadline - _imattr_now))
}

# Ends the connection. What is in flight is withdrawn by that.
_imattr_hang_up() {
    _imattr_in_flight=() _imattr_lines=() _imattr_rest=''
    [[ -n $_imattr_fd ]] || return 0
    kill "$_imattr_pid" 2>/dev/null || :
    exec {_imattr_fd}<&-
    wait "$_imattr_pid" 2>/dev/null || :
    _imattr_fd=
}

_imattr_sleep() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; } # MS

# The connection is gone, or was never made: another one is tried, at once if this one was of use, else after a growing pause.
_imattr_try_again() {
    local _imattr_now
    _imattr_hang_up
    _imattr_tell_time
    if [[ -n $_imattr_useful ]]; then
        _imattr_pause=0
    fi
    _imattr_not_before=$((_imattr_now + _imattr_pause + RANDOM % (_imattr_pause / 4 + 1)))
    _imattr_pause=$((_imattr_pause == 0 ? 50 : _imattr_pause < 500 ? _imattr_pause * 2 : 1000))
    _imattr_connected=yes
}

# Sets _imattr_socket and _imattr_transport.
_imattr_choose_transport() {
    local LC_ALL=C IFS=' ' name
    _imattr_socket=${_imattr_option[socket]-${IMATTRD_SOCKET:-/run/imattrd/imattrd.sock}}
    if ((${#_imattr_socket} > _IMATTR_LONGEST_PATH)); then
        _imattr_unreachable 'File name too long'
        return
    fi
    for name in ${IMATTR_TRANSPORT:-nc socat imattr}; do
        command -v "$name" >/dev/null || continue
        # Other netcats than OpenBSD's lack -U, or -N, or both.
        if [[ $name == nc && ! "$(nc -h 2>&1)" =~ \[-[[:alnum:]]*N[[:alnum:]]*U ]]; then continue; fi
        _imattr_transport=$name
        return 0
    done
    _imattr_fail argument 64 "no ${IMATTR_TRANSPORT:-nc (netcat-openbsd), socat or imattr} on PATH to reach imattrd with: install one."
}

# Starts the transport with the lines of what is in flight. It closes its sending side after them, which the daemon is used to.
_imattr_dial() { # MS-LEFT
    local address
    case $_imattr_transport in
    nc) exec {_imattr_fd}< <(export LC_ALL=C; exec nc -U -N -- "$_imattr_socket" < <(_imattr_lines "$1") 2>&1) ;;
    socat)
        address=${_imattr_socket//\\/\\\\}
        address=${address//':'/'\:'} address=${address//','/'\,'} address=${address//'!'/'\!'} address=${address//'"'/'\"'}
        # Half a second after the end of its input it would leave by default.
        exec {_imattr_fd}< <(
            export LC_ALL=C
            exec socat -t "$(($1 / 1000 + 2))" - "UNIX-CONNECT:$address" < <(_imattr_lines "$1") 2>&1
        ) ;;
    imattr) exec {_imattr_fd}< <(_imattr_run_imattr "$1" 2>&1) ;;
    esac
    _imattr_pid=$!
}

_imattr_lines() { # MS-LEFT
    local id
    for id in "${!_imattr_in_flight[@]}"; do _imattr_line "$id" "$1"; done 2>/dev/null
}

_imattr_line() { # ID MS-LEFT
    local rest=${_imattr_waiting[$1]}
    [[ $rest != *'"timeoutMs":' ]] || rest+="$2}"
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$1" "$rest"
}

# Takes the next line and acts on it. Fails when the job has failed.
_imattr_read_line() {
    if ((${#_imattr_lines[@]} == 0)); then
        _imattr_read_block
        return
    fi
    # In the order of the indices; taking the first of an array away does not move the others.
    local index
    for index in "${!_imattr_lines[@]}"; do break; done
    _imattr_line=${_imattr_lines[index]}
    unset "_imattr_lines[index]"
    _imattr_understand
}

# Reads what there is. Bash itself reads a pipe byte by byte, which will do for short answers only.
_imattr_read_block() {
    local LC_ALL=C text='' status=0 _imattr_now _imattr_left
    _imattr_time_left || { _imattr_too_late; return; }
    printf -v _imattr_left '%d.%03d' $((_imattr_left / 1000)) $((_imattr_left % 1000))
    IFS= read -r -n 2048 -t "$_imattr_left" -u "$_imattr_fd" text || status=$?
    if ((status > 128)); then
        # Whether it is too late is seen before the next block.
        _imattr_rest+=$text
        return 0
    fi
    # What came of a last line has no end, so it is no answer.
    if ((status > 0)); then _imattr_try_again; return; fi
    if ((${#text} < 2048)); then
        text+=$'\n'
    elif read -r -t 0 -u "$_imattr_fd"; then
        text+=$(dd bs=1M count=1 status=none <&"$_imattr_fd"; echo .)
        text=${text:0:-1}
    fi
    _imattr_cut_lines "$text"
    ((${#_imattr_rest} < _IMATTR_LONGEST_ANSWER)) || _imattr_not_ours "an answer of more than $_IMATTR_LONGEST_ANSWER bytes"
}

# Adds to _imattr_lines what is whole, and keeps the rest.
_imattr_cut_lines() { # TEXT
    local - IFS=$'\n'
    if [[ $1 != *$'\n'* ]]; then
        _imattr_rest+=$1
        return
    fi
    set -o noglob
    # shellcheck disable=SC2206  # it is to be split
    _imattr_lines=($_imattr_rest$1)
    _imattr_rest=
    [[ ${1: -1} != $'\n' ]] || return 0
    _imattr_rest=${_imattr_lines[-1]}
    unset '_imattr_lines[-1]'
}

# Sets _imattr_left to the ms for which an answer is waited for; fails if there are none.
_imattr_time_left() {
    _imattr_tell_time
    # A daemon that is late has a second more to say so itself.
    local due=$((_imattr_deadline + 1000))
    if ((_imattr_now > due + 200 && _imattr_late_until == 0)); then
        # This process did not run, and neither did the transport, which has to bring what came meanwhile.
        _imattr_late_until=$((_imattr_now + 1000))
    fi
    _imattr_left=$(((due > _imattr_late_until ? due : _imattr_late_until) - _imattr_now))
    ((_imattr_left > 0))
}

_imattr_too_late() {
    if [[ -n ${_imattr_option[partial]-} ]]; then
        _imattr_verdict=late
        return 0
    fi
    _imattr_late_failure
}

_imattr_late_failure() {
    _imattr_fail deadline 75 "no answer came within ${_imattr_option[timeout-ms]} ms. Try again."
}

# What a line means.
_imattr_understand() {
    case $_imattr_line in
    'nc: '* | [0-9]*' socat['*) _imattr_transport_failed; return ;;
    esac
    [[ $_imattr_line == *[!$' \t\r']* ]] || return 0
    if _imattr_read_plain; then
        [[ -z ${_imattr_in_flight[$_imattr_id]-} ]] || _imattr_answered ''
        return 0
    fi
    local -A _imattr_members
    if ! _imattr_object "$_imattr_line" || ! _imattr_is_answer; then
        _imattr_not_ours "a line that is no answer of JSON-RPC 2.0: ${_imattr_line:0:100}"
        return
    fi
    _imattr_id=${_imattr_members[id]}
    if [[ -n ${_imattr_members[error]-} ]]; then
        _imattr_error "${_imattr_members[error]}"
    elif [[ $_imattr_id =~ ^[0-9]{1,9}$ && -n ${_imattr_in_flight[$_imattr_id]-} ]]; then
        _imattr_answered "${_imattr_members[result]}"
    fi
}

# Whether _imattr_members are those of an answer: a version, an id, and either a result or an error.
_imattr_is_answer() {
    [[ ${_imattr_members[jsonrpc]-} == '"'* && -n ${_imattr_members[id]-} ]] || return 1
    _imattr_text "${_imattr_members[jsonrpc]}"
    [[ $REPLY == 2.0 ]] || return 1
    if [[ -n ${_imattr_members[error]-} ]]; then
        [[ -z ${_imattr_members[result]-} ]]
    else
        [[ -n ${_imattr_members[result]-} && ${_imattr_members[id]} != null ]]
    fi
}

_imattr_answered() { # RESULT
    unset "_imattr_waiting[$_imattr_id]" "_imattr_in_flight[$_imattr_id]"
    _imattr_useful=yes _imattr_connected=yes
    _imattr_verdict=answered
    REPLY=$1
}

# What nc and socat say: they could not connect, or the connection broke, which end-of-file says as well.
_imattr_transport_failed() {
    case $_imattr_line in
    *': Connection reset by peer' | *': Broken pipe') ;;
    *) _imattr_unreachable "${_imattr_line##*: }" ;;
    esac
}

_imattr_unreachable() { # THE SYSTEM'S WORDS
    local -A names=(['No such file or directory']=ENOENT ['Connection refused']=ECONNREFUSED
        ['Permission denied']=EACCES ['Resource temporarily unavailable']=EAGAIN ['File name too long']=ENAMETOOLONG
        ['Not a directory']=ENOTDIR ['Too many levels of symbolic links']=ELOOP
        ['Protocol wrong type for socket']=EPROTOTYPE ['Operation not permitted']=EPERM)
    local errno=${names[$1]-} status=69 advice='See: systemctl status imattrd.socket'
    case $errno in
    ENOENT | ECONNREFUSED)
        if [[ -n $_imattr_connected ]]; then _imattr_try_again; return; fi
        advice="Is imattrd running? $advice" ;;
    EAGAIN) _imattr_try_again; return ;;
    EACCES | EPERM)
        status=77
        advice="You are not in group imattr: have an administrator run 'usermod -aG imattr USER' for you, then log in again." ;;
    ENAMETOOLONG)
        status=64
        advice="The path of a socket has at most $_IMATTR_LONGEST_PATH bytes." ;;
    esac
    IMATTR_ERRNO=$errno
    _imattr_fail unreachable "$status" "cannot reach imattrd at $_imattr_socket: $1. $advice" false
}

_imattr_not_ours() { # WHAT
    _imattr_fail protocol 76 "what listens at ${_imattr_socket:-${IMATTRD_SOCKET:-/run/imattrd/imattrd.sock}} does not speak imattrd's protocol: $1"
}

# What an error of the daemon means: the job has failed, or the request is made again when the next daemon is there.
_imattr_error() { # ERROR
    local -A _imattr_members
    local code message retryable=false pause='' upstream=''
    if ! _imattr_object "$1" || ! [[ ${_imattr_members[code]-} =~ ^-?[0-9]{1,18}$ && ${_imattr_members[message]-} == '"'* ]]; then
        _imattr_not_ours "an error of another shape: ${1:0:100}"
        return
    fi
    code=${_imattr_members[code]}
    _imattr_text "${_imattr_members[message]}"
    message=$REPLY
    if [[ ${_imattr_members[data]-} == '{'* ]] && _imattr_object "${_imattr_members[data]}"; then
        [[ ${_imattr_members[retryable]-} != true ]] || retryable=true
        [[ ! ${_imattr_members[retryAfterMs]-} =~ ^[0-9]{1,15}$ ]] || pause=${_imattr_members[retryAfterMs]}
        [[ ${_imattr_members[source]-} != '"upstream"' ]] || upstream=yes
    fi
    if [[ $code == -32004 && $_imattr_id =~ ^[0-9]{1,9}$ ]]; then
        [[ -z ${_imattr_in_flight[$_imattr_id]-} ]] || _imattr_ask_again_after "${pause:-0}"
    elif [[ $_imattr_id == null || ${_imattr_in_flight[$_imattr_id]-} ]]; then
        if [[ -n ${_imattr_option[partial]-} && $_imattr_id != null ]] && _imattr_is_about_accounts "$code"; then
            _imattr_fail_accounts "$1"
        else
            IMATTR_ERROR=$1
            _imattr_refused "$code" "$message" "$retryable" "$pause" "$upstream"
        fi
    fi
}

# Whether the error says something of each account of its request, and not of the request or of the daemon.
_imattr_is_about_accounts() { # CODE
    case $1 in
    -32000 | -32001 | -32002) ;;
    *) (($1 < -32768 || $1 > -32000)) ;;
    esac
}

# Answers the request in hand with its accounts as failed, all by that error.
_imattr_fail_accounts() { # ERROR
    local account entry entries=
    local -A seen=()
    _imattr_errors[_imattr_id]=$1
    _imattr_read_failure "$1"
    for account in "${_imattr_accounts[@]:_imattr_first[_imattr_id]:_imattr_option[batch]}"; do
        [[ -z ${seen[$account]-} ]] || continue
        seen[$account]=yes
        imattr_json_string "$account"
        entries+=",{\"To_Account\":$REPLY,$_imattr_failure"
    done
    _imattr_plain=
    _imattr_answered "{\"UserAttrs\":[],\"missing\":[],\"failed\":[${entries:1}]}"
}

# Sets _imattr_failure to an entry of `failed` for an error, without its beginning.
_imattr_read_failure() { # ERROR
    local -A _imattr_members
    local name
    _imattr_object "$1"
    _imattr_failure="\"code\":${_imattr_members[code]},\"message\":${_imattr_members[message]}"
    _imattr_object "${_imattr_members[data]-}" || _imattr_members=()
    if [[ ${_imattr_members[retryable]-} != true ]]; then _imattr_members[retryable]=false; fi
    for name in retryable ErrorInfo retryAfterMs callId; do
        [[ -z ${_imattr_members[$name]-} ]] || _imattr_failure+=",\"$name\":${_imattr_members[$name]}"
    done
    _imattr_failure+='}'
}

# The daemon is shutting down: the request in hand is for the next one.
# At least 50 ms, so that a daemon that always refuses is not connected to without a pause.
_imattr_ask_again_after() { # MS
    local _imattr_now pause=$(($1 < 50 ? 50 : $1))
    unset "_imattr_in_flight[$_imattr_id]"
    _imattr_tell_time
    if ((_imattr_now + pause > _imattr_not_before)); then _imattr_not_before=$((_imattr_now + pause)); fi
    _imattr_useful=yes _imattr_connected=yes
}

_imattr_refused() { # CODE MESSAGE RETRYABLE RETRY-AFTER-MS UPSTREAM
    local status=70 who=imattrd hint=''
    case $1 in
    -32000 | -32001 | -32002 | -32004) status=75 ;;
    -32003) status=77 ;;
    -32005) status=78 ;;
    -32600 | -32601 | -32602) status=64 ;;
    -32700) status=76 ;;
    *) [[ -z $5 ]] || status=1 who=upstream ;;
    esac
    case $3${4:+,pause} in
    true) hint=' Try again.' ;;
    true,pause) hint=" Try again in $4 ms." ;;
    false,pause) hint=" An administrator must act; nothing is sent upstream for $4 ms." ;;
    esac
    if [[ $1 == -32001 ]]; then
        _imattr_fail deadline "$status" "it is too late: $2 (code $1).$hint" true || :
    else
        _imattr_fail refused "$status" "$who refused: $2 (code $1).$hint" "$3" || :
    fi
    IMATTR_CODE=$1 IMATTR_RETRY_AFTER_MS=$4
    IMATTR_MESSAGE=$2
    return "$status"
}

# ---- imattr as transport: one request a process

_imattr_run_imattr() { # MS-LEFT
    local -A _imattr_members
    local method id=("${!_imattr_in_flight[@]}")
    _imattr_object "$(_imattr_line "${id[0]}" "$1")"
    _imattr_text "${_imattr_members[method]}"
    method=$REPLY
    exec imattr call --json --socket "$_imattr_socket" -- "$method" ${_imattr_members[params]+"${_imattr_members[params]}"}
}

# Reads what imattr printed, to its end, and acts on it: its result, or its paragraph about an error.
_imattr_read_imattr() {
    local _imattr_now _imattr_left part text='' status=0
    local -a ids=("${!_imattr_in_flight[@]}")
    _imattr_id=${ids[0]}
    while true; do
        _imattr_time_left || { _imattr_too_late; return; }
        status=0
        IFS= read -r -d '' -t $((_imattr_left / 1000 + 1)) -u "$_imattr_fd" part || status=$?
        text+=$part
        ((status > 128)) || break
    done
    status=0
    wait "$_imattr_pid" || status=$?
    text=${text%$'\n'}
    case $status in
    0) _imattr_answered "$text" ;;
    69 | 77) _imattr_imattr_unreachable "$status" "$text" ;;
    76) _imattr_not_ours "${text#imattr: }" ;;
    *) _imattr_imattr_refused "$status" "$text" ;;
    esac
}

_imattr_imattr_unreachable() { # STATUS TEXT
    case $2 in
    *': there is no such socket.'*) _imattr_unreachable 'No such file or directory' ;;
    *': nobody listens there.'*) _imattr_unreachable 'Connection refused' ;;
    *': permission denied.'*) _imattr_unreachable 'Permission denied' ;;
    *) _imattr_imattr_refused "$1" "$2" ;;
    esac
}

_imattr_imattr_refused() { # STATUS TEXT
    local code='' pause='' retryable=false
    [[ ! $2 =~ \(code\ (-?[0-9]+)\) ]] || code=${BASH_REMATCH[1]}
    if [[ $2 =~ (in|for)\ ([0-9]+)\ (ms|s)\.$ ]]; then
        pause=${BASH_REMATCH[2]}
        [[ ${BASH_REMATCH[3]} == ms ]] || pause+=000
    fi
    [[ $2 != *'Try again'* ]] || retryable=true
    if [[ $code == -32004 ]]; then
        _imattr_ask_again_after "${pause:-0}"
    elif [[ $2 == *'connection to imattrd was lost'* ]]; then
        _imattr_try_again
    elif [[ -n ${_imattr_option[partial]-} && -n $code ]] && _imattr_is_about_accounts "$code"; then
        local source=daemon
        [[ $1 != 1 ]] || source=upstream
        imattr_json_string "${2#imattr: }"
        _imattr_fail_accounts "{\"code\":$code,\"message\":$REPLY,\"data\":{\"source\":\"$source\",\"retryable\":$retryable${pause:+,\"retryAfterMs\":$pause}}}"
    elif [[ $code == -32001 ]]; then
        IMATTR_CODE=$code IMATTR_RETRY_AFTER_MS=$pause
        _imattr_fail deadline "$1" "${2#imattr: }" true
    else
        IMATTR_CODE=$code IMATTR_RETRY_AFTER_MS=$pause
        _imattr_fail refused "$1" "${2#imattr: }" "$retryable"
    fi
}

# ---- getAttrs

# Asks for all of _imattr_accounts, a window of requests after the other, and runs HANDLER at each answer.
_imattr_ask() { # HANDLER ARGUMENT...
    local "${_IMATTR_JOB[@]}" "${_IMATTR_PARTS[@]}"
    local -A _imattr_waiting=() _imattr_in_flight=()
    local -a _imattr_lines=() _imattr_names=() _imattr_attributes=() _imattr_first=()
    local _imattr_id _imattr_next=0 _imattr_status=0 _imattr_verdict=''
    _imattr_gets_attrs=yes
    _imattr_start || return
    while ((_imattr_next < ${#_imattr_accounts[@]} && _imattr_status == 0)); do
        _imattr_fill_window
        while ((${#_imattr_waiting[@]} > 0 && _imattr_status == 0)); do
            if [[ $_imattr_verdict == late ]]; then
                for _imattr_id in "${!_imattr_waiting[@]}"; do break; done
                _imattr_in_flight=()
                _imattr_fail_accounts "$_IMATTR_LATE"
                _imattr_verdict=late
                "$@" || _imattr_status=$?
            else
                _imattr_next_answer || _imattr_status=$?
                if [[ $_imattr_verdict == answered && $_imattr_status == 0 ]]; then "$@" || _imattr_status=$?; fi
            fi
        done
    done
    _imattr_hang_up
    return "$_imattr_status"
}

# The error of a request that no answer came to.
_IMATTR_LATE='{"code":-32001,"message":"no answer came in time","data":{"retryable":true}}'

# Makes requests of the accounts from _imattr_next on, as many as may be in flight at once.
_imattr_fill_window() {
    local LC_ALL=C list account last
    while ((${#_imattr_waiting[@]} < _imattr_option[in-flight] && _imattr_next < ${#_imattr_accounts[@]})); do
        list=
        last=$((_imattr_next + _imattr_option[batch]))
        _imattr_first[_imattr_latest_id + 1]=$_imattr_next
        for account in "${_imattr_accounts[@]:_imattr_next:_imattr_option[batch]}"; do
            if [[ $account == *[$'\x01'-$'\x1f\\"']* ]]; then
                imattr_json_string "$account"
                list+=,$REPLY
            else
                list+=",\"$account\""
            fi
        done
        _imattr_next=$last
        ((_imattr_latest_id += 1))
        _imattr_waiting[$_imattr_latest_id]="\"method\":\"getAttrs\",\"params\":{\"To_Account\":[${list:1}],\"maxAgeMs\":${_imattr_option[max-age-ms]}${_imattr_option[partial]+,\"partial\":true},\"timeoutMs\":"
    done
}

# An answer is taken apart into these, which are local to a job: the elements of its lists as JSON text, and the accounts
# that were answered.
_IMATTR_PARTS=(_imattr_users= _imattr_missing= _imattr_reasons= _imattr_failed= _imattr_plain= _imattr_failure=)
# And two arrays: _imattr_names and _imattr_attributes.

_IMATTR_PLAIN_HEAD='^\{"jsonrpc":"2\.0","id":([0-9]{1,9}),"result":\{"UserAttrs":\[\{"To_Account":'
_IMATTR_PLAIN_ENTRY='^\{"To_Account":"([^"\\]+)","Attrs":(\{[^}]*\})\}$'

# Takes _imattr_line apart if it is an answer to getAttrs just as imattrd writes it, without escapes in accounts and brackets
# in values. That is all but a few, and this is ten times as fast as looking at every piece; else it fails.
_imattr_read_plain() {
    local - LC_ALL=C IFS=$'\n' tail='],"missing":[' head entry
    [[ -n $_imattr_gets_attrs && ${_imattr_line:0:99} =~ $_IMATTR_PLAIN_HEAD ]] || return 1
    _imattr_id=${BASH_REMATCH[1]} head=${#BASH_REMATCH[0]}
    tail=$tail${_imattr_line##*"$tail"}
    ((${#tail} < 9999)) && [[ ${#tail} -lt ${#_imattr_line} ]] || return 1
    local -a entries
    set -o noglob
    # An unescaped mark after a bracket is in no string, so that this cuts only between objects.
    _imattr_users=${_imattr_line:head - 14:-${#tail}}
    # shellcheck disable=SC2206  # it is to be split
    entries=(${_imattr_users//'},{"To_Account":'/$'}\n{"To_Account":'})
    _imattr_names=() _imattr_attributes=()
    for entry in "${entries[@]}"; do
        [[ $entry =~ $_IMATTR_PLAIN_ENTRY ]] || return 1
        _imattr_names+=("${BASH_REMATCH[1]}")
        _imattr_attributes+=("${BASH_REMATCH[2]}")
    done
    # What is left must be whole again with an empty list before it.
    _imattr_read_lists "{\"UserAttrs\":[${tail%\}}" || return 1
    _imattr_users=${_imattr_line:head - 14:-${#tail}} _imattr_plain=yes
}

# Takes a result apart. Fails, with the complaint in REPLY, if it has another shape.
_imattr_read_lists() { # RESULT
    local -A _imattr_members lists
    local name list
    REPLY="a result that is no object: ${1:0:100}"
    _imattr_object "$1" || return 1
    # A daemon that does not know of failed has failed no account.
    for name in UserAttrs missing ErrorList ${_imattr_option[partial]+failed}; do
        list=${_imattr_members[$name]-}
        [[ $name != ErrorList && $name != failed || -n $list ]] || list='[]'
        REPLY="a result of getAttrs without the list $name: ${1:0:100}"
        [[ $list == '['* ]] || return 1
        _imattr_trim "${list:1:-1}"
        lists[$name]=$REPLY
    done
    _imattr_users=${lists[UserAttrs]} _imattr_missing=${lists[missing]} _imattr_reasons=${lists[ErrorList]}
    _imattr_failed=${lists[failed]-}
}

# Takes the result in REPLY apart, unless that was done already.
_imattr_read_attrs() {
    if [[ -n $_imattr_plain ]]; then
        _imattr_plain=
        return 0
    fi
    local -A _imattr_members
    local -a _imattr_keys _imattr_values entries
    local entry
    _imattr_names=() _imattr_attributes=()
    _imattr_read_lists "$REPLY" || { _imattr_not_ours "$REPLY"; return; }
    _imattr_split "[$_imattr_users]" || { _imattr_not_ours 'a list that is no JSON: UserAttrs'; return; }
    entries=("${_imattr_values[@]}")
    for entry in "${entries[@]}"; do
        if ! _imattr_object "$entry" || ! [[ ${_imattr_members[To_Account]-} == '"'* && ${_imattr_members[Attrs]-} == '{'* ]]; then
            _imattr_not_ours "an entry of UserAttrs without To_Account or Attrs: ${entry:0:100}"
            return
        fi
        _imattr_text "${_imattr_members[To_Account]}"
        _imattr_names+=("$REPLY")
        _imattr_attributes+=("${_imattr_members[Attrs]}")
    done
}

# Sets _imattr_names to the texts of _imattr_missing.
_imattr_read_missing() {
    local -a _imattr_keys _imattr_values
    local entry
    _imattr_names=()
    _imattr_split "[$_imattr_missing]" || { _imattr_not_ours 'a list that is no JSON: missing'; return; }
    for entry in ${_imattr_values+"${_imattr_values[@]}"}; do
        [[ $entry == '"'* ]] || { _imattr_not_ours "a missing account that is no string: ${entry:0:100}"; return; }
        _imattr_text "$entry"
        _imattr_names+=("$REPLY")
    done
}

# Sets _imattr_names to the accounts of _imattr_failed, and _imattr_entries to their entries, with the members that are known.
_imattr_read_failed() {
    local -A _imattr_members
    local -a _imattr_keys _imattr_values entries
    local entry name text
    _imattr_names=() _imattr_entries=()
    _imattr_split "[$_imattr_failed]" || { _imattr_not_ours 'a list that is no JSON: failed'; return; }
    entries=(${_imattr_values+"${_imattr_values[@]}"})
    for entry in ${entries+"${entries[@]}"}; do
        if ! _imattr_object "$entry" || [[ ${_imattr_members[To_Account]-} != '"'* || ${_imattr_members[message]-} != '"'* ||
            ! ${_imattr_members[code]-} =~ ^-?[0-9]{1,18}$ || ${_imattr_members[retryable]-} != @(true|false) ]]; then
            _imattr_not_ours "an entry of failed of another shape: ${entry:0:100}"
            return
        fi
        text=
        for name in To_Account code message retryable ErrorInfo retryAfterMs callId; do
            [[ -z ${_imattr_members[$name]-} ]] || text+=",\"$name\":${_imattr_members[$name]}"
        done
        _imattr_entries+=("{${text:1}}")
        _imattr_text "${_imattr_members[To_Account]}"
        _imattr_names+=("$REPLY")
    done
}

# Sets _imattr_code and _imattr_info by account, from _imattr_reasons.
_imattr_read_reasons() {
    local -A _imattr_members
    local -a _imattr_keys _imattr_values entries
    local entry account
    _imattr_split "[$_imattr_reasons]" || { _imattr_not_ours 'a list that is no JSON: ErrorList'; return; }
    entries=("${_imattr_values[@]}")
    for entry in "${entries[@]}"; do
        imattr_json_member "$entry" To_Account || :
        account=$REPLY
        [[ -n $account ]] || continue
        imattr_json_member "$entry" ErrorCode && _imattr_code[$account]=$REPLY
        imattr_json_member "$entry" ErrorInfo && _imattr_info[$account]=$REPLY
    done
}

# Sets IMATTR_RESULT, IMATTR_ATTRS and IMATTR_MISSING for _imattr_accounts.
_imattr_gather() {
    local -a users=() missing=() reasons=() failures=() _imattr_errors=()
    _imattr_ask _imattr_gather_answer || return
    if ((${#_imattr_errors[@]} > 0 && ${#users[@]} == 0 && ${#missing[@]} == 0)); then
        _imattr_all_failed
        return
    fi
    local IFS=, errors=''
    # These arrays have the requests' order, whatever the order of the answers was.
    ((${#reasons[@]} == 0)) || errors=",\"ErrorList\":[${reasons[*]}]"
    [[ -z ${_imattr_option[partial]-} ]] || errors+=",\"failed\":[${failures[*]}]"
    IMATTR_RESULT="{\"UserAttrs\":[${users[*]}],\"missing\":[${missing[*]}]$errors}"
    ((${#IMATTR_FAILED[@]} == 0)) || return 1
    ((${#IMATTR_MISSING[@]} == 0)) || return 3
}

# No account was answered at all: the call has failed with the error of its first request.
_imattr_all_failed() {
    local _imattr_id
    local -A _imattr_in_flight=()
    for _imattr_id in "${!_imattr_errors[@]}"; do break; done
    if [[ ${_imattr_errors[_imattr_id]} == "$_IMATTR_LATE" ]]; then
        _imattr_late_failure
        return
    fi
    unset '_imattr_option[partial]'
    _imattr_in_flight[$_imattr_id]=sent
    _imattr_error "${_imattr_errors[_imattr_id]}"
}

_imattr_gather_answer() {
    local index
    _imattr_read_attrs || return
    [[ -z $_imattr_users ]] || users[_imattr_id]=$_imattr_users
    [[ -z $_imattr_missing ]] || missing[_imattr_id]=$_imattr_missing
    [[ -z $_imattr_reasons ]] || reasons[_imattr_id]=$_imattr_reasons
    for index in "${!_imattr_names[@]}"; do IMATTR_ATTRS[${_imattr_names[index]}]=${_imattr_attributes[index]}; done
    _imattr_read_missing || return
    IMATTR_MISSING+=("${_imattr_names[@]}")
    [[ -n $_imattr_failed ]] || return 0
    local -a _imattr_entries
    _imattr_read_failed || return
    local IFS=,
    failures[_imattr_id]=${_imattr_entries[*]}
    for index in "${!_imattr_names[@]}"; do IMATTR_FAILED[${_imattr_names[index]}]=${_imattr_entries[index]}; done
}

# Runs the caller's command for each account of an answer.
_imattr_stream_answer() { # COMMAND ARGUMENT...
    local _imattr_index _imattr_name
    local -A _imattr_code=() _imattr_info=()
    _imattr_read_attrs || return
    for _imattr_index in "${!_imattr_names[@]}"; do
        "$@" "${_imattr_names[_imattr_index]}" "${_imattr_attributes[_imattr_index]}" </dev/null || return
    done
    if [[ -n $_imattr_missing ]]; then _imattr_stream_missing "$@" || return; fi
    if [[ -n $_imattr_failed ]]; then _imattr_stream_failed "$@" || return; fi
}

_imattr_stream_failed() { # COMMAND ARGUMENT...
    local -a _imattr_entries
    local _imattr_message
    _imattr_some_failed=1
    _imattr_read_failed || return
    for _imattr_index in "${!_imattr_names[@]}"; do
        imattr_json_member "${_imattr_entries[_imattr_index]}" message
        _imattr_message=$REPLY
        imattr_json_member "${_imattr_entries[_imattr_index]}" code
        "$@" "${_imattr_names[_imattr_index]}" '' "$REPLY" "$_imattr_message" "${_imattr_entries[_imattr_index]}" </dev/null || return
    done
}

_imattr_stream_missing() { # COMMAND ARGUMENT...
    _imattr_some_missing=1
    _imattr_read_missing && _imattr_read_reasons || return
    for _imattr_name in "${_imattr_names[@]}"; do
        if [[ -n ${_imattr_code[$_imattr_name]-} ]]; then
            "$@" "$_imattr_name" '' "${_imattr_code[$_imattr_name]}" "${_imattr_info[$_imattr_name]-}" </dev/null || return
        else
            "$@" "$_imattr_name" '' </dev/null || return
        fi
    done
}

# ---- JSON

# Takes an object or an array apart: _imattr_type is its first bracket, _imattr_keys and _imattr_values are the JSON texts of
# its members or elements. Those are looked at no closer than to see where they end. Fails if the text is neither.
#
# The text is cut at its quotation marks, so that Bash looks at pieces and not at characters.
_imattr_split() { # JSON
    local - LC_ALL=C IFS='"' text=$1 piece slashes in_string=0 open='' offset character brackets
    # Where the member begins, and where its colon is. An element is gathered from the pieces instead, since lists are long
    # and a part of a long text is slow to come by.
    local at=0 start=0 colon='' element='' element_from=0
    local -a pieces
    _imattr_type='' _imattr_keys=() _imattr_values=()
    set -o noglob
    # shellcheck disable=SC2206  # it is to be split
    pieces=($text)
    for piece in "${pieces[@]}"; do
        if ((in_string)); then
            [[ -n $open ]] || return 1
            in_string=0
            # The mark after this piece ends the string, unless an odd number of backslashes is before it.
            if [[ ${piece: -1} == \\ ]]; then
                slashes=${piece##*[!\\]}
                in_string=$((${#slashes} % 2))
            fi
        else
            in_string=1
            # Most of a long text is far inside, where only the number of open brackets matters.
            if [[ $open != ??* ]]; then
                _imattr_split_piece || return 1
            elif [[ $piece == *[][{}]* ]]; then
                brackets=${piece//[!][{\}]}
                case $brackets in
                '{' | '[') open+=$brackets ;;
                '}{') [[ $open == ??*'{' ]] || _imattr_split_piece || return 1 ;;
                *) _imattr_split_piece || return 1 ;;
                esac
            fi
        fi
        if [[ $_imattr_type == '[' ]]; then
            element+="${piece:element_from}\""
            element_from=0
        fi
        ((at += ${#piece} + 1))
    done
    # Closed, and not in a string: the last piece has no mark after it.
    [[ -z $open && -n $_imattr_type ]] && ((in_string == 1))
}

# Looks at the characters between two strings. `open` has the brackets that are open.
_imattr_split_piece() {
    for ((offset = 0; offset < ${#piece}; offset++)); do
        character=${piece:offset:1}
        case $open$character in
        '[,') _imattr_split_element || return 1 ;;
        '{,') _imattr_split_member $((at + offset)) || return 1 ;;
        '{:') [[ -n $colon ]] || colon=$((at + offset)) ;;
        ??*[':,']) ;;
        ?*['{[']) open+=$character ;;
        ?*'{}' | ?*'[]') open=${open%?} ;;
        '[]')
            _imattr_split_element last || return 1
            open=
            ;;
        '{}')
            _imattr_split_member $((at + offset)) last || return 1
            open=
            ;;
        '{' | '[')
            [[ -z $_imattr_type ]] || return 1
            _imattr_type=$character open=$character start=$((at + offset + 1)) element_from=$((offset + 1))
            ;;
        *['}]']) return 1 ;;
        ?) [[ $character == [$' \t\r\n'] ]] || return 1 ;;
        esac
    done
}

# Adds what was gathered; `last` may be nothing if it is the only one.
_imattr_split_element() { # [last]
    _imattr_trim "$element${piece:element_from:offset - element_from}"
    element='' element_from=$((offset + 1))
    [[ -n $REPLY || -z ${1-} ]] || ((${#_imattr_values[@]} > 0)) || return 0
    _imattr_split_value
}

# Adds what is between start and END; `last` may be nothing if it is the only one.
_imattr_split_member() { # END [last]
    _imattr_trim "${text:start:${colon:-$1} - start}"
    if [[ -z $colon ]]; then
        [[ -z $REPLY && -n ${2-} ]] && ((${#_imattr_values[@]} == 0))
        return
    fi
    [[ $REPLY == '"'?* && ${REPLY: -1} == '"' ]] || return 1
    _imattr_keys+=("$REPLY")
    _imattr_trim "${text:colon + 1:$1 - colon - 1}"
    start=$(($1 + 1)) colon=
    _imattr_split_value
}

# Adds the value in REPLY.
_imattr_split_value() {
    case ${REPLY:0:1}${REPLY: -1} in
    '""' | '{}' | '[]') [[ $REPLY == ??* ]] || return 1 ;;
    *) [[ $REPLY == true || $REPLY == false || $REPLY == null || $REPLY =~ $_IMATTR_NUMBER ]] || return 1 ;;
    esac
    _imattr_values+=("$REPLY")
}

_IMATTR_NUMBER='^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$'

# Sets REPLY to TEXT without the white space around it.
_imattr_trim() { # TEXT
    REPLY=$1
    [[ ${REPLY:0:1}${REPLY: -1} == *[[:space:]]* ]] || return 0
    REPLY=${REPLY#"${REPLY%%[![:space:]]*}"}
    REPLY=${REPLY%"${REPLY##*[![:space:]]}"}
}

# Sets _imattr_members by name. Fails if the text is no object. (A name that is empty is no subscript, and is left out.)
_imattr_object() { # JSON
    local -a _imattr_keys _imattr_values
    local _imattr_type index
    _imattr_members=()
    _imattr_split "$1" || return 1
    [[ $_imattr_type == '{' ]] || return 1
    for index in "${!_imattr_keys[@]}"; do
        _imattr_text "${_imattr_keys[index]}"
        [[ -z $REPLY ]] || _imattr_members[$REPLY]=${_imattr_values[index]}
    done
}

# Sets REPLY to the text of a JSON string.
_imattr_text() { # JSON
    local LC_ALL=C rest=${1:1:-1}
    REPLY=
    while [[ $rest == *\\* ]]; do
        REPLY+=${rest%%\\*}
        rest=${rest#*\\}
        case $rest in
        u[[:xdigit:]][[:xdigit:]][[:xdigit:]][[:xdigit:]]*) _imattr_unicode_escape; continue ;;
        b*) REPLY+=$'\b' ;;
        f*) REPLY+=$'\f' ;;
        n*) REPLY+=$'\n' ;;
        r*) REPLY+=$'\r' ;;
        t*) REPLY+=$'\t' ;;
        *) REPLY+=${rest:0:1} ;;
        esac
        rest=${rest:1}
    done
    REPLY+=$rest
}

# Moves a \u escape from the beginning of `rest` to the end of REPLY, as UTF-8; the halves of a pair go together.
_imattr_unicode_escape() {
    local code=$((16#${rest:1:4})) character
    rest=${rest:5}
    if ((code >= 0xd800 && code < 0xdc00)) && [[ $rest == \\u[dD][c-fC-F][[:xdigit:]][[:xdigit:]]* ]]; then
        code=$((0x10000 + (code - 0xd800) * 0x400 + 16#${rest:2:4} - 0xdc00))
        rest=${rest:6}
    fi
    if ((code >= 0xd800 && code < 0xe000)); then code=0xfffd; fi
    if ((code < 0x80)); then
        printf -v character '\\x%02x' "$code"
    elif ((code < 0x800)); then
        printf -v character '\\x%02x' $((0xc0 | code >> 6)) $((0x80 | code & 0x3f))
    elif ((code < 0x10000)); then
        printf -v character '\\x%02x' $((0xe0 | code >> 12)) $((0x80 | code >> 6 & 0x3f)) $((0x80 | code & 0x3f))
    else
        printf -v character '\\x%02x' $((0xf0 | code >> 18)) $((0x80 | code >> 12 & 0x3f)) \
            $((0x80 | code >> 6 & 0x3f)) $((0x80 | code & 0x3f))
    fi
    ((code == 0)) || printf -v character %b "$character"
    ((code == 0)) || REPLY+=$character
}
