# Completion of handoffd for bash. Commands and options are asked of the program itself, so that none is forgotten.

_handoffd() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=() verbs=
    local i
    for ((i = 1; i < COMP_CWORD && ${#command[@]} < 2; i++)); do
        case ${COMP_WORDS[i]} in
        -*) break ;;
        *) command+=("${COMP_WORDS[i]}") ;;
        esac
    done
    if [ ${#command[@]} -gt 0 ]; then
        verbs=$(_handoffd_commands | sed -n "s/^${command[0]} \([a-z][a-z-]*\).*/\1/p")
        [ -z "$verbs" ] && command=("${command[0]}")
    fi
    case $prev in
    --role) mapfile -t COMPREPLY < <(compgen -W 'sender team auditor operator' -- "$cur") ;;
    --open-submissions) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$cur") ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur") ;;
    --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
    --sandbox) mapfile -t COMPREPLY < <(compgen -W 'on required off' -- "$cur") ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    --data) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    --config | --master-key | --tls-cert | --tls-key) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    *)
        if [ ${#command[@]} -eq 0 ]; then
            mapfile -t COMPREPLY < <(compgen -W \
                "$(_handoffd_options) $(_handoffd_commands | sed 's/ .*//' | sort -u)" -- "$cur")
        elif [ ${#command[@]} -eq 1 ] && [ -n "$verbs" ]; then
            mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_handoffd_options "${command[@]}")" -- "$cur")
            if _handoffd_commands | grep -q "^${command[*]} FILE"; then
                mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur")
            fi
        fi
        ;;
    esac
}

# All there are, each with its verb and its argument.
_handoffd_commands() {
    "${COMP_WORDS[0]}" help 2>&1 | sed -n 's/^  handoffd //p'
}

_handoffd_options() {
    "${COMP_WORDS[0]}" "$@" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

complete -o filenames -F _handoffd handoffd
