#include "cli/handoff/payload.h"

#include "cli/io/input.h"
#include "cli/io/terminal.h"
#include "vault/protocol/handoff/credential.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CODE_FILE_MAX = 1024 };

static enum exit_code unreadable(const char *name)
{
    if (errno == EFBIG)
        terminal_say("%s is too large: at most a file of about 767 KiB fits.", name);
    else
        terminal_say("%s cannot be read: %s.", name, strerror(errno));
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

static enum exit_code encode(struct secret **out, const struct credential *c)
{
    const char *why = "memory is short";

    *out = credential_encode(c, &why);
    if (*out != NULL)
        return EXIT_DONE;
    terminal_say("This cannot be handed off: %s.", why);
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

static struct credential_value value(const char *text)
{
    const struct credential_value v = {.data = (const uint8_t *)text,
                                       .len = text != NULL ? strlen(text) : 0};

    return v;
}

static struct credential_value value_of(const struct secret *s)
{
    const struct credential_value v = {.data = secret_bytes(s), .len = secret_len(s)};

    return v;
}

static enum exit_code ask_password(struct secret **out)
{
    const int fd = terminal_open();

    *out = NULL;
    if (fd < 0) {
        terminal_say("There is no terminal to ask for the password.");
        terminal_hint("Nothing was done. Give it on stdin, or use --generate.");
        return EXIT_USAGE;
    }
    *out = terminal_ask(fd, "Password to hand off (not shown): ");
    (void)close(fd);
    if (*out != NULL)
        return EXIT_DONE;
    terminal_say("No password was given. Nothing was done.");
    return EXIT_USAGE;
}

static enum exit_code read_password(struct secret **out)
{
    if (isatty(STDIN_FILENO))
        return ask_password(out);
    *out = input_fd(STDIN_FILENO, ENVELOPE_MAX);
    if (*out == NULL)
        return unreadable("The password on stdin");
    input_strip_newline(*out);
    return EXIT_DONE;
}

enum exit_code payload_login(struct secret **out, const char *username, const char *url,
                             const char *note, const struct secret *made)
{
    struct credential c = {.type = CREDENTIAL_LOGIN,
                           .username = value(username),
                           .url = value(url),
                           .note = value(note)};
    struct secret *read = NULL;
    enum exit_code rc = EXIT_DONE;

    if (made == NULL)
        rc = read_password(&read);
    if (rc == EXIT_DONE) {
        c.password = value_of(made != NULL ? made : read);
        rc = encode(out, &c);
    }
    secret_free(read);
    return rc;
}

enum exit_code payload_text(struct secret **out)
{
    struct credential c = {.type = CREDENTIAL_TEXT};
    struct secret *read;
    enum exit_code rc;

    if (isatty(STDIN_FILENO))
        terminal_say("Type the text; end it with Ctrl-D on a line of its own.");
    read = input_fd(STDIN_FILENO, ENVELOPE_MAX);
    if (read == NULL)
        return unreadable("The text on stdin");
    c.text = value_of(read);
    rc = encode(out, &c);
    secret_free(read);
    return rc;
}

enum exit_code payload_file(struct secret **out, const char *path)
{
    const char *slash = strrchr(path, '/');
    const bool is_stdin = strcmp(path, "-") == 0;
    struct credential c = {.type = CREDENTIAL_FILE,
                           .name = value(is_stdin        ? "stdin"
                                         : slash != NULL ? slash + 1
                                                         : path)};
    struct secret *read =
        is_stdin ? input_fd(STDIN_FILENO, ENVELOPE_MAX) : input_file(path, ENVELOPE_MAX);
    enum exit_code rc;

    if (read == NULL)
        return unreadable(is_stdin ? "stdin" : path);
    c.data = value_of(read);
    rc = encode(out, &c);
    secret_free(read);
    return rc;
}

enum exit_code payload_code(struct secret **out, const struct secret *typed)
{
    const char *why = "memory is short";

    *out = keys_code_normalise((const char *)secret_bytes(typed), secret_len(typed), &why);
    if (*out != NULL)
        return EXIT_DONE;
    terminal_say("This cannot be an access code: %s.", why);
    return EXIT_USAGE;
}

enum exit_code payload_code_file(struct secret **out, const char *path)
{
    struct secret *typed = input_file(path, CODE_FILE_MAX);
    enum exit_code rc;

    if (typed == NULL)
        return unreadable(path);
    input_strip_newline(typed);
    rc = payload_code(out, typed);
    if (rc != EXIT_DONE)
        terminal_hint("Nothing was done. The file must hold the code and nothing else.");
    secret_free(typed);
    return rc;
}
