# Completion of handoff for bash. Commands and options are asked of the program itself.

_handoff() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    case $prev in
    --state)
        mapfile -t COMPREPLY < <(compgen -W \
            'available claimed lapsed delivered confirmed rejected expired revoked' -- "$cur")
        return
        ;;
    --field) mapfile -t COMPREPLY < <(compgen -W 'username password url note' -- "$cur") && return ;;
    --file | --code-file | --out | --password-out) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        mapfile -t COMPREPLY < <(compgen -W "$(_handoff_commands) help" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_handoff_options "$command")" -- "$cur")
    fi
}

_handoff_commands() {
    "${COMP_WORDS[0]}" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p'
}

_handoff_options() {
    "${COMP_WORDS[0]}" help "$1" 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

complete -o filenames -F _handoff handoff
