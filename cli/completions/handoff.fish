# Completion of handoff for fish. Commands and options are asked of the program itself.

function __handoff_commands
    set -l program (commandline -opc)[1]
    $program help 2>/dev/null | string replace -rf '^  ([a-z]+)  +(.*)$' '$1\t$2'
    printf 'help\tthe options of a command\n'
end

function __handoff_options
    set -l words (commandline -opc)
    $words[1] help $words[2] 2>/dev/null | string replace -rf '^  (--[a-z-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
end

function __handoff_wants_command
    set -l words (commandline -opc)
    test (count $words) -eq 1; or test "$words[2]" = help
end

complete -c handoff -f
complete -c handoff -n __handoff_wants_command -a '(__handoff_commands)'
complete -c handoff -n 'not __handoff_wants_command' -a '(__handoff_options)'
complete -c handoff -n '__fish_prev_arg_in --file --code-file --out --password-out' -F
complete -c handoff -n '__fish_prev_arg_in --field' -a 'username password url note'
complete -c handoff -n '__fish_prev_arg_in --state' -a 'available claimed lapsed delivered confirmed rejected expired revoked'
