#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/log/fetch.h"
#include "cli/log/rebuild.h"
#include "cli/log/trust.h"
#include "cli/net/connect.h"
#include "cli/report/html.h"
#include "cli/report/rows.h"
#include "vault/protocol/encoding/encoding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGE = 5000 }; /* handoffs; a browser is slow with more */

enum option { FROM, TO, OUT, SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [FROM] = {"from", "DATE", "handoffs made on this day or later, such as 2026-01-31 (all)"},
    [TO] = {"to", "DATE", "handoffs made before this day (until now)"},
    [OUT] = {"out", "FILE", "write it to FILE instead of stdout"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

struct reporting {
    const struct command_input *in;
    struct client *client;
    struct trust trust;
    struct log_memory memory;
    struct rebuild rebuilt;
    struct rows rows;
    struct checkpoint newest;
    char note[NOTE_BYTES + 1];
};

/* Midnight of a day, where this machine is. */
static enum exit_code read_day(int64_t *out, const char *text, const char *name)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = text != NULL ? strptime(text, "%Y-%m-%d", &tm) : NULL;

    if (text == NULL)
        return EXIT_DONE;
    tm.tm_isdst = -1;
    if (end != NULL && *end == '\0' && strlen(text) == strlen("2026-01-31")) {
        *out = (int64_t)mktime(&tm);
        return EXIT_DONE;
    }
    terminal_say("--%s takes a day, such as 2026-01-31.", name);
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

static enum exit_code take_event(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct reporting *r = ctx;
    const enum exit_code rc = rebuild_add(&r->rebuilt, n, line, len);

    return rc == EXIT_DONE ? rows_event(&r->rows, n, line, len) : rc;
}

static enum exit_code take_details(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct reporting *r = ctx;

    return rows_details(&r->rows, n, line, len);
}

/* The whole log is read, since only all of it can be held against what was signed. */
static enum exit_code read_log(struct reporting *r)
{
    struct fetch fetch = {.client = r->client,
                          .path = "/events",
                          .what = "Reading the log",
                          .size = r->newest.size,
                          .each = take_event,
                          .ctx = r};
    enum exit_code rc = fetch_lines(&fetch);

    if (rc != EXIT_DONE)
        return rc;
    if (rebuild_say(&r->rebuilt) || !checkpoint_fits(&r->newest, &r->rebuilt.tree)) {
        terminal_say("The log does not verify, so there is no report of it.");
        terminal_hint("handoff audit verify names the place.");
        return EXIT_UNVERIFIED;
    }
    if (r->rows.first == UINT64_MAX)
        return EXIT_DONE;
    fetch.path = "/details";
    fetch.what = "Reading details";
    fetch.next = r->rows.first;
    fetch.each = take_details;
    return fetch_lines(&fetch);
}

static int write_page(FILE *f, struct reporting *r)
{
    char key[NOTE_KEY_MAX], root[ENCODING_BASE64_LEN(MERKLE_HASH_BYTES) + 1];
    struct rows *rows = &r->rows;
    struct report page = {.base = client_base(r->client),
                          .from = rows->from,
                          .to = rows->to,
                          .made_at = time(NULL),
                          .log = rows->log,
                          .handoffs = rows->handoffs,
                          .count = rows->count};

    note_key_format(key, &r->trust.key);
    encoding_base64(root, r->newest.root, sizeof r->newest.root);
    page.log.origin = r->trust.key.name;
    page.log.key = key;
    page.log.root = root;
    page.log.note = r->note;
    page.log.size = (int64_t)r->newest.size;
    page.log.checkpoints = r->rebuilt.roots;
    return html_write(f, &page);
}

static enum exit_code write_report(struct reporting *r)
{
    const char *out = r->in->value[OUT];
    char *page = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&page, &len);
    int rc = f != NULL ? write_page(f, r) : -1;

    if (f != NULL && fclose(f) != 0)
        rc = -1;
    if (rc == 0 && out != NULL)
        rc = output_file_write(out, page, len, true);
    else if (rc == 0 && (fwrite(page, 1, len, stdout) != len || output_flush() != 0))
        rc = -1;
    if (rc != 0)
        terminal_say("The report cannot be written: %s.", strerror(errno));
    else if (out != NULL)
        terminal_say("%zu handoffs are reported in %s: open it in a browser, or print it.",
                     r->rows.count, out);
    if (rc == 0 && r->rows.count > LARGE)
        terminal_hint("That is a large page, a row for each: --from and --to choose a shorter "
                      "period, and handoff audit export makes a table of all.");
    free(page);
    return rc == 0 ? EXIT_DONE : EXIT_INTERNAL;
}

static enum exit_code report(struct reporting *r)
{
    size_t len;
    enum exit_code rc = trust_load(&r->trust, client_base(r->client));

    if (rc == EXIT_DONE)
        rc = log_memory_load(&r->memory, &r->trust);
    if (rc == EXIT_DONE)
        rc = trust_update(&r->trust, r->client, &r->newest, r->note, &len);
    if (rc != EXIT_DONE)
        return rc;
    r->note[len] = '\0';
    rebuild_begin(&r->rebuilt, &r->memory);
    rc = read_log(r);
    return rc == EXIT_DONE ? write_report(r) : rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct reporting *r = calloc(1, sizeof *r);
    int64_t from = 0, to = (int64_t)time(NULL) + 1;
    enum exit_code rc = read_day(&from, in->value[FROM], "from");

    if (rc == EXIT_DONE)
        rc = read_day(&to, in->value[TO], "to");
    if (rc == EXIT_DONE && (r == NULL || rows_begin(&r->rows, from, to) != 0))
        rc = EXIT_INTERNAL;
    if (rc == EXIT_DONE) {
        r->in = in;
        rc = connect_client(&r->client, in->settings, in->value[SERVER]);
        if (rc == EXIT_DONE)
            rc = report(r);
        client_free(r->client);
        rows_end(&r->rows);
        rebuild_end(&r->rebuilt);
        log_memory_clear(&r->memory);
    }
    free(r);
    return rc;
}

const struct command command_audit_report = {
    .name = "audit report",
    .summary = "make a page for auditors: who was handed what, when, and what is open",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
