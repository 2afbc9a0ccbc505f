#include "cli/io/terminal.h"

#include "cli/io/output.h"
#include "vault/protocol/encoding/encoding.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SAY_MAX = 2048, ESCAPE_MAX = 12, ESCAPE_GROWTH = 5 };

static volatile sig_atomic_t caught;

/* ---- escaping ---- */

/* The length of the well-formed character at data, or 0. */
static size_t character(const uint8_t *data, size_t len, uint32_t *code)
{
    const size_t n = data[0] < 0x80 ? 1 : data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3 : 4;

    if (n > len || !encoding_utf8_valid(data, n))
        return 0;
    *code = n == 1 ? data[0] : data[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *code = *code << 6 | (data[i] & 0x3fu);
    return n;
}

static bool harmless(uint32_t code, enum terminal_style style)
{
    if (code == '\n' || code == '\t')
        return style != TERMINAL_LINE;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return false;
    /* Marks that reverse or break lines could make one text look like another. */
    if (code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e))
        return false;
    return code < 0x2066 || code > 0x2069;
}

static int append_escape(struct secret *out, uint32_t code, enum terminal_style style)
{
    char text[ESCAPE_MAX];
    int n;

    if (style == TERMINAL_JSON)
        n = snprintf(text, sizeof text, "\\u%04x", (unsigned)code);
    else if (code < 0x100)
        n = snprintf(text, sizeof text, "\\x%02x", (unsigned)code);
    else
        n = snprintf(text, sizeof text, "\\u{%x}", (unsigned)code);
    return secret_append(out, text, (size_t)n);
}

struct secret *terminal_escape(const uint8_t *data, size_t len, enum terminal_style style,
                               bool *changed)
{
    struct secret *out = secret_new(len * ESCAPE_GROWTH + ESCAPE_MAX);
    bool any = false;
    size_t n;

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < len; i += n) {
        uint32_t code = data[i];
        int rc;

        n = character(data + i, len - i, &code);
        if (n > 0 && harmless(code, style)) {
            rc = secret_append(out, data + i, n);
        } else {
            any = true;
            n = n > 0 ? n : 1;
            rc = append_escape(out, code, style);
        }
        if (rc != 0) {
            secret_free(out);
            return NULL;
        }
    }
    if (changed != NULL)
        *changed = any;
    return out;
}

/* ---- asking ---- */

static void on_signal(int number)
{
    caught = number;
}

/* The signals that would leave a terminal without echo behind. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* How signals were before the question. While it is put they come only where read_byte waits for
   them: one that came just before a read would otherwise go unnoticed until the line is done. */
struct signals {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
};

static void signals_catch(struct signals *before)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    caught = 0;
    sigemptyset(&ours);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&ours, signals[i]);
    (void)sigprocmask(SIG_BLOCK, &ours, &before->mask);
    for (size_t i = 0; i < SIGNALS; i++)
        (void)sigaction(signals[i], &action, &before->actions[i]);
}

static void signals_release(const struct signals *before)
{
    for (size_t i = 0; i < SIGNALS; i++)
        (void)sigaction(signals[i], &before->actions[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static ssize_t read_byte(int fd, uint8_t *byte, const struct signals *before)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};

    if (caught != 0 || ppoll(&waiting, 1, NULL, &before->mask) < 0)
        return -1;
    return read(fd, byte, 1);
}

/* Reads up to the line's end, byte by byte: what follows it belongs to the next reader. */
static int read_line(int fd, struct secret *out, const struct signals *before)
{
    for (;;) {
        uint8_t byte;
        const ssize_t n = read_byte(fd, &byte, before);
        int rc = 0;

        if (n < 0)
            return -1;
        if (n == 0)
            return secret_len(out) > 0 ? 0 : -1;
        if (byte == '\n')
            return 0;
        rc = secret_append(out, &byte, 1);
        sodium_memzero(&byte, sizeof byte);
        if (rc != 0)
            return -1;
    }
}

static int ask_quietly(int fd, const char *question, struct secret *out)
{
    struct signals signals_before;
    struct termios before, quiet;
    int rc = -1;

    if (tcgetattr(fd, &before) != 0)
        return -1;
    signals_catch(&signals_before);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) == 0 && output_all(fd, question, strlen(question)) == 0)
        rc = read_line(fd, out, &signals_before);
    (void)!write(fd, "\n", 1);
    /* SIGTTOU is blocked here, so this works from the background too. */
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    signals_release(&signals_before);
    return rc;
}

struct secret *terminal_ask(int fd, const char *question)
{
    struct secret *out = secret_new(TERMINAL_LINE_MAX);

    if (out == NULL)
        return NULL;
    for (;;) {
        const int rc = ask_quietly(fd, question, out);
        const int number = caught;

        if (number == 0 && rc == 0)
            return out;
        if (number == 0)
            break;
        /* Now it may do what it would have done; after a stop, the question is put again. */
        (void)raise(number);
        if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
            break;
        if (secret_resize(out, 0) != 0)
            break;
    }
    secret_free(out);
    return NULL;
}

int terminal_open(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* ---- saying ---- */

__attribute__((format(printf, 2, 0))) static void say(const char *start, const char *format,
                                                      va_list args)
{
    char text[SAY_MAX];
    struct secret *escaped;
    int n = vsnprintf(text, sizeof text, format, args);

    if (n < 0)
        return;
    if (n >= (int)sizeof text)
        n = (int)sizeof text - 1;
    (void)fflush(stdout);
    escaped = terminal_escape((const uint8_t *)text, (size_t)n, TERMINAL_TEXT, NULL);
    if (escaped == NULL)
        return;
    if (output_all(STDERR_FILENO, start, strlen(start)) == 0 &&
        output_all(STDERR_FILENO, secret_bytes(escaped), secret_len(escaped)) == 0)
        (void)!write(STDERR_FILENO, "\n", 1);
    secret_free(escaped);
}

void terminal_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("handoff: ", format, args);
    va_end(args);
}

void terminal_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("         ", format, args);
    va_end(args);
}

int terminal_show(int fd, const char *words, const uint8_t *data, size_t len)
{
    struct secret *escaped = NULL;
    int rc = -1;

    if (isatty(fd)) {
        escaped = terminal_escape(data, len, TERMINAL_LINE, NULL);
        if (escaped == NULL)
            return -1;
        data = secret_bytes(escaped);
        len = secret_len(escaped);
    }
    if (output_all(fd, words, strlen(words)) == 0 && output_all(fd, data, len) == 0)
        rc = output_all(fd, "\n", 1);
    secret_free(escaped);
    return rc;
}

int terminal_print(const uint8_t *data, size_t len, enum terminal_style style)
{
    struct secret *escaped;
    bool changed;
    int rc;

    if (!isatty(STDOUT_FILENO))
        return output_stdout(data, len);
    escaped = terminal_escape(data, len, style, &changed);
    if (escaped == NULL) {
        errno = ENOMEM;
        return -1;
    }
    rc = output_all(STDOUT_FILENO, secret_bytes(escaped), secret_len(escaped));
    secret_free(escaped);
    if (rc == 0 && changed && style != TERMINAL_JSON)
        terminal_say("Some characters cannot be shown and stand here as \\xNN or \\u{NNNN}; a pipe "
                     "or --out gets the exact bytes.");
    return rc;
}

bool terminal_colour(int fd)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 && isatty(fd);
}

void terminal_time(char out[TERMINAL_TIME_MAX], int64_t unix_s)
{
    const time_t t = (time_t)unix_s;
    struct tm tm;

    if (localtime_r(&t, &tm) == NULL ||
        strftime(out, TERMINAL_TIME_MAX, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        (void)snprintf(out, TERMINAL_TIME_MAX, "@%lld", (long long)unix_s);
}
