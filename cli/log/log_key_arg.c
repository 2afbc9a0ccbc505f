#include "cli/log/log_key_arg.h"

#include "cli/io/input.h"
#include "cli/io/terminal.h"

#include <string.h>

enum { FILE_MAX = 4096 };

enum exit_code log_key_arg_read(struct note_key *key, const char *given)
{
    struct secret *text;
    bool good;

    if (note_key_parse(key, given, strlen(given)) == 0)
        return EXIT_DONE;
    text = input_file(given, FILE_MAX);
    if (text != NULL)
        input_strip_newline(text);
    good = text != NULL &&
           note_key_parse(key, (const char *)secret_bytes(text), secret_len(text)) == 0;
    secret_free(text);
    if (good)
        return EXIT_DONE;
    terminal_say("%s is neither a log's verifier key (name+id+base64) nor a file that holds one.",
                 given);
    terminal_hint("Nothing was checked. The service's operator prints it: handoffd audit key");
    return EXIT_USAGE;
}
