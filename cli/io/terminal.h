/*
 * The room where the program meets the person and the machine: terminal, pipes, files, the progress
 * of what takes long, the exit status.
 *
 * This is the person at the terminal: questions without echo, words on stderr, and what keeps
 * foreign bytes from steering the screen.
 */
#ifndef HANDOFF_CLI_IO_TERMINAL_H
#define HANDOFF_CLI_IO_TERMINAL_H

#include "vault/protocol/encoding/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TERMINAL_TIME_MAX = 48, TERMINAL_LINE_MAX = 4096 };

/* How terminal_escape treats what it meets. */
enum terminal_style {
    TERMINAL_TEXT, /* line breaks and tabs stay */
    TERMINAL_LINE, /* everything that is not printed as itself is escaped */
    TERMINAL_JSON  /* as TEXT, and escapes are JSON's: the input is JSON text */
};

/* Replaces control characters, characters that change the direction of text, and bytes that are not
   UTF-8 by \xNN or \u{NNNN} (\uNNNN for JSON). Returns a new secret, and whether something was
   replaced in *changed unless that is NULL; or NULL when memory is short. */
struct secret *terminal_escape(const uint8_t *data, size_t len, enum terminal_style style,
                               bool *changed) __attribute__((warn_unused_result));

/* Opens the terminal that controls this process, whatever stdin and stdout are. Returns a file
   descriptor, or -1 when there is none. */
int terminal_open(void) __attribute__((warn_unused_result));

/* Asks question on the terminal fd and reads one line of at most TERMINAL_LINE_MAX bytes without
   echo. The terminal is restored before this returns and before a signal takes effect. Returns the
   line without its end as a new secret; NULL at end of file, on errors and when memory is short. */
struct secret *terminal_ask(int fd, const char *question)
    __attribute__((nonnull, warn_unused_result));

/* Writes a sentence to stderr, after "handoff: " and with a line end, escaped when stderr is a
   terminal. Not for secrets. */
void terminal_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same as a following, indented line. */
void terminal_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes words, a secret and a line end to fd, escaped when fd is a terminal. Returns 0 or -1. */
int terminal_show(int fd, const char *words, const uint8_t *data, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Writes to stdout, escaped when that is a terminal (and says so), and to the disk when it is a
   file. Returns 0, or -1 with errno: then not all of it has arrived. */
int terminal_print(const uint8_t *data, size_t len, enum terminal_style style)
    __attribute__((warn_unused_result));

/* Whether fd is a terminal on which colours are welcome (NO_COLOR and TERM=dumb say no). */
bool terminal_colour(int fd);

/* Writes a time in the local time zone, with the zone's name. */
void terminal_time(char out[TERMINAL_TIME_MAX], int64_t unix_s) __attribute__((nonnull));

#endif
