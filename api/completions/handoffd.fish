# Completion of handoffd for fish. Options are asked of the program itself, so that none is forgotten.

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

function __handoffd_options
    set -l command (__handoffd_command)
    if contains -- "$command[1]" backup restore check
        set command $command[1]
    end
    set -l program (commandline -opc)[1]
    $program $command --help 2>/dev/null | string replace -rf '^  (--[a-z-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
end

function __handoffd_is
    set -l words (string join ' ' -- (__handoffd_command))
    test "$words" = "$argv[1]"
end

complete -c handoffd -f
complete -c handoffd -n '__handoffd_is ""' -a 'token key backup restore check'
complete -c handoffd -n '__handoffd_is token' -a 'add list revoke'
complete -c handoffd -n '__handoffd_is key' -a rotate
complete -c handoffd -n 'not __handoffd_is token; and not __handoffd_is key' -a '(__handoffd_options)'
complete -c handoffd -n '__fish_prev_arg_in --role' -a 'sender team auditor operator'
complete -c handoffd -n '__fish_prev_arg_in --config --master-key --tls-cert --tls-key backup restore' -F
