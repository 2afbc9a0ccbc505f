# Completion of handoff for fish. Commands and options, and which of them take a file, are asked of the program itself.

# All there are, of one word or of two, each with what it does.
function __handoff_commands
    set -l program (commandline -opc)[1]
    $program help 2>/dev/null | string replace -rf '^  ([a-z-]+(?: [a-z]+)?)  +(.*)$' '$1\t$2'
end

# What stands behind the program, without "help".
function __handoff_given
    set -l given (commandline -opc)[2..-1]
    if test "$given[1]" = help
        set -e given[1]
    end
    string join \n -- $given
end

function __handoff_seconds
    set -l given (__handoff_given)
    test -n "$given[1]"; and __handoff_commands | string replace -rf "^$given[1] (.*)\$" '$1'
end

function __handoff_wants_command
    test (count (__handoff_given)) -eq 0
end

function __handoff_wants_second
    test (count (__handoff_given)) -eq 1; and test (count (__handoff_seconds)) -gt 0
end

function __handoff_wants_rest
    not __handoff_wants_command; and not __handoff_wants_second; and test (commandline -opc)[2] != help
end

function __handoff_firsts
    __handoff_commands | string match -rv '^[a-z-]+ [a-z]'
    __handoff_commands | string replace -rf '^([a-z]+) [a-z].*' '$1' | sort -u
    test (count (commandline -opc)) -eq 1; and printf 'help\tthe options of a command\n'
end

function __handoff_usage
    set -l given (__handoff_given)
    set -l command $given[1]
    if test (count (__handoff_seconds)) -gt 0
        set command $given[1..2]
    end
    set -l program (commandline -opc)[1]
    $program help $command 2>/dev/null
end

# What the last word, where it is an option with a value, calls that value.
function __handoff_value
    set -l last (commandline -opc)[-1]
    __handoff_wants_rest; and __handoff_usage | string replace -rf -- "^  $last ([A-Z]+) .*" '$1'
end

function __handoff_value_is
    contains -- "$(__handoff_value)" $argv
end

function __handoff_wants_option
    __handoff_wants_rest; and test -z "$(__handoff_value)"
end

function __handoff_word_is
    __handoff_wants_option; and string match -rq -- $argv[1] (__handoff_usage)[1]
end

function __handoff_options
    __handoff_usage | string replace -rf '^  (--[a-z-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
end

complete -c handoff -f
complete -c handoff -n __handoff_wants_command -a '(__handoff_firsts)'
complete -c handoff -n __handoff_wants_second -a '(__handoff_seconds)'
complete -c handoff -n __handoff_wants_option -a '(__handoff_options)'
complete -c handoff -n '__handoff_word_is " FILE"' -F
complete -c handoff -n '__handoff_word_is DIR' -a '(__fish_complete_directories)'
complete -c handoff -n '__handoff_value_is FILE KEY' -F
complete -c handoff -n '__handoff_value_is DIR' -a '(__fish_complete_directories)'
complete -c handoff -n '__handoff_wants_rest; and __fish_prev_arg_in --field' -a 'username password url note text name data'
complete -c handoff -n '__handoff_wants_rest; and __fish_prev_arg_in --state' -a 'available claimed lapsed delivered confirmed rejected expired revoked'
