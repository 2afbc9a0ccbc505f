# Completion of handoffd for fish. Commands and options are asked of the program itself, so that none is forgotten.

# All there are, each with its verb and its argument.
function __handoffd_commands
    set -l program (commandline -opc)[1]
    $program help 2>&1 | string replace -rf '^  handoffd (.*)$' '$1'
end

function __handoffd_command
    set -l command
    for word in (commandline -opc)[2..-1]
        if string match -q -- '-*' $word; or test (count $command) -ge 2
            break
        end
        set -a command $word
    end
    string join \n -- $command
end

function __handoffd_verbs
    set -l command (__handoffd_command)
    test -n "$command[1]"; and __handoffd_commands | string replace -rf "^$command[1] ([a-z][a-z-]*).*" '$1'
end

function __handoffd_wants_verb
    test (count (__handoffd_command)) -eq 1; and test (count (__handoffd_verbs)) -gt 0
end

function __handoffd_options
    set -l command (__handoffd_command)
    if test (count (__handoffd_verbs)) -eq 0
        set command $command[1]
    end
    set -l program (commandline -opc)[1]
    $program $command --help 2>/dev/null | string replace -rf '^  (--[a-z-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
end

function __handoffd_wants_file
    set -l command (__handoffd_command)
    __handoffd_commands | string match -q -- "$command[1] FILE"
end

complete -c handoffd -f
complete -c handoffd -n 'test -z "$(__handoffd_command)"' -a '(__handoffd_commands | string replace -r " .*" "" | sort -u)'
complete -c handoffd -n __handoffd_wants_verb -a '(__handoffd_verbs)'
complete -c handoffd -n 'not __handoffd_wants_verb' -a '(__handoffd_options)'
complete -c handoffd -n '__fish_prev_arg_in --role' -a 'sender team auditor operator'
complete -c handoffd -n '__fish_prev_arg_in --open-submissions' -a 'yes no'
complete -c handoffd -n '__fish_prev_arg_in --log-level' -a 'error warning info debug'
complete -c handoffd -n '__fish_prev_arg_in --log-format' -a 'text json'
complete -c handoffd -n '__fish_prev_arg_in --sandbox' -a 'on required off'
complete -c handoffd -n '__fish_prev_arg_in --user' -a '(__fish_complete_users)'
complete -c handoffd -n '__fish_prev_arg_in --data' -a '(__fish_complete_directories)'
complete -c handoffd -n '__fish_prev_arg_in --config --master-key --tls-cert --tls-key' -F
complete -c handoffd -n __handoffd_wants_file -F
