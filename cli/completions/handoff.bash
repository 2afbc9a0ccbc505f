# Completion of handoff for bash. Commands and options, and which of them take a file, are asked of the program itself.

_handoff() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}") help=help first seconds usage
    if [ "${words[0]}" = help ]; then
        words=("${words[@]:1}") help=
    fi
    first=${words[0]}
    [ -n "$first" ] && seconds=$(_handoff_commands | sed -n "s/^$first //p")
    COMPREPLY=()
    if [ -z "$first" ]; then
        _handoff_offer "$(_handoff_commands | sed 's/ .*//' | sort -u) $help" "$cur"
    elif [ -n "$seconds" ] && [ ${#words[@]} -eq 1 ]; then
        _handoff_offer "$seconds" "$cur"
    elif [ -n "$help" ]; then
        usage=$("${COMP_WORDS[0]}" help "$first" ${seconds:+"${words[1]}"} 2>/dev/null)
        case $prev$(sed -n "s/^  $prev \([A-Z]*\) .*/ \1/p" <<< "$usage") in
        --state*) _handoff_offer 'available claimed lapsed delivered confirmed rejected expired revoked' "$cur" ;;
        --field*) _handoff_offer 'username password url note text name data' "$cur" ;;
        --*' FILE' | --*' KEY') _handoff_files -f "$cur" ;;
        --*' DIR') _handoff_files -d "$cur" ;;
        --*' '*) ;;
        *)
            _handoff_offer "$(sed -n 's/^  \(--[a-z-]*\).*/\1/p' <<< "$usage")" "$cur"
            case ${usage%%$'\n'*} in
            *' FILE'*) _handoff_files -f "$cur" ;;
            *DIR*) _handoff_files -d "$cur" ;;
            esac
            ;;
        esac
    fi
}

# All there are, of one word or of two.
_handoff_commands() {
    "${COMP_WORDS[0]}" help 2>/dev/null | sed -n 's/^  \([a-z-]*\( [a-z]*\)\{0,1\}\)  .*/\1/p'
}

_handoff_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_handoff_files() {
    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen "$1" -- "$2")
}

complete -o filenames -F _handoff handoff
