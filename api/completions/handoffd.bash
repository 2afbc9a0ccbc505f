# Completion of handoffd for bash. Options are asked of the program itself, so that none is forgotten.

_handoffd() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=()
    local i
    for ((i = 1; i < COMP_CWORD && ${#command[@]} < 2; i++)); do
        case ${COMP_WORDS[i]} in
        -*) break ;;
        *) command+=("${COMP_WORDS[i]}") ;;
        esac
    done
    case $prev in
    --role) mapfile -t COMPREPLY < <(compgen -W 'sender team auditor operator' -- "$cur") ;;
    --open-submissions) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$cur") ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur") ;;
    --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
    --data) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    --config | --master-key | --tls-cert | --tls-key | backup | restore)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    *)
        case "${command[*]}" in
        token) mapfile -t COMPREPLY < <(compgen -W 'add list revoke' -- "$cur") ;;
        key) mapfile -t COMPREPLY < <(compgen -W 'rotate' -- "$cur") ;;
        '') mapfile -t COMPREPLY < <(compgen -W "$(_handoffd_options) token key backup restore check" -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$(_handoffd_options "${command[@]}")" -- "$cur") ;;
        esac
        ;;
    esac
}

_handoffd_options() {
    local name=${COMP_WORDS[0]}
    case "$*" in
    backup* | restore* | check*) set -- "$1" ;;
    esac
    "$name" "$@" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

complete -o filenames -F _handoffd handoffd
