#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/state.h"
#include "cli/log/export_text.h"
#include "cli/log/fetch.h"
#include "cli/log/tiles.h"
#include "cli/log/trust.h"
#include "cli/net/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum option { DETAILS, SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [DETAILS] = {"details", NULL,
                 "with names, notes, labels and addresses, as far as they were not erased"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

struct exporting {
    const struct command_input *in;
    const char *dir;
    struct client *client;
    struct trust trust;
    struct checkpoint newest;
    char note[NOTE_BYTES];
    size_t note_len;
    struct tiles *tiles;
    FILE *details;
};

static enum exit_code write_file(const struct exporting *e, const char *name, const char *data,
                                 size_t len)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", e->dir, name) < (int)sizeof path &&
        state_make_folders(path) == 0 && output_file_write(path, data, len, true) == 0)
        return EXIT_DONE;
    terminal_say("%s/%s cannot be written: %s.", e->dir, name, strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code add(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct exporting *e = ctx;

    (void)n;
    return tiles_add(e->tiles, line, len);
}

/* What an earlier run has left: whole tiles are taken as they are, and prove themselves at the end
   or do not. */
static enum exit_code read_there(struct exporting *e, uint64_t *count)
{
    const enum exit_code rc = tiles_read(e->dir, e->newest.size, false, add, e, count);

    if (rc == EXIT_DONE && *count > 0)
        terminal_say("%" PRIu64 " events are there already; going on from them.", *count);
    return rc;
}

static enum exit_code check_root(const struct exporting *e, uint64_t there)
{
    if (checkpoint_fits(&e->newest, tiles_tree(e->tiles)))
        return EXIT_DONE;
    terminal_say("THE EVENTS ARE NOT THOSE THAT THE SERVICE SIGNED: no checkpoint was written.");
    if (there > 0)
        terminal_hint("Either the %" PRIu64
                      " that were there before were changed, or the service's "
                      "were: handoff audit verify --with %s names the first that differs.",
                      there, e->dir);
    else
        terminal_hint("handoff audit verify names the first that was changed.");
    return EXIT_UNVERIFIED;
}

/* Until it is written again, nothing says that the folder is whole. */
static void remove_checkpoint(const struct exporting *e)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/checkpoint", e->dir) < (int)sizeof path)
        (void)unlink(path);
}

static enum exit_code write_tiles(struct exporting *e)
{
    struct fetch fetch = {.client = e->client,
                          .path = "/events",
                          .what = "Exporting",
                          .size = e->newest.size,
                          .each = add,
                          .ctx = e};
    enum exit_code rc = read_there(e, &fetch.next);
    const uint64_t there = fetch.next;

    if (rc == EXIT_DONE)
        rc = fetch_lines(&fetch);
    if (rc == EXIT_DONE)
        rc = tiles_finish(e->tiles);
    return rc == EXIT_DONE ? check_root(e, there) : rc;
}

static enum exit_code write_key(const struct exporting *e)
{
    char key[NOTE_KEY_MAX + 1];

    note_key_format(key, &e->trust.key);
    memcpy(key + strlen(key), "\n", 2);
    return write_file(e, "key", key, strlen(key));
}

static enum exit_code add_details(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct exporting *e = ctx;

    (void)n;
    if (fwrite(line, 1, len, e->details) == len && putc('\n', e->details) != EOF)
        return EXIT_DONE;
    terminal_say("%s/details.jsonl cannot be written: %s.", e->dir, strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code write_details(struct exporting *e)
{
    struct fetch fetch = {.client = e->client,
                          .path = "/details",
                          .what = "Exporting details",
                          .size = e->newest.size,
                          .each = add_details,
                          .ctx = e};
    char path[PATH_MAX];
    enum exit_code rc = EXIT_INTERNAL;

    if (snprintf(path, sizeof path, "%s/details.jsonl", e->dir) >= (int)sizeof path)
        return rc;
    e->details = fopen(path, "we");
    if (e->details == NULL || fchmod(fileno(e->details), 0600) != 0)
        terminal_say("%s cannot be written: %s.", path, strerror(errno));
    else
        rc = fetch_lines(&fetch);
    if (e->details != NULL && fclose(e->details) != 0 && rc == EXIT_DONE) {
        terminal_say("%s cannot be written: %s.", path, strerror(errno));
        rc = EXIT_INTERNAL;
    }
    return rc;
}

static enum exit_code export(struct exporting *e) {
    enum exit_code rc = trust_load(&e->trust, client_base(e->client));

    if (rc == EXIT_DONE) rc = trust_update(&e->trust, e->client, &e->newest, e->note, &e->note_len);
    if (rc != EXIT_DONE) return rc;
    e->tiles = tiles_new(e->dir, TILES_WRITE);
    if (e->tiles == NULL) return EXIT_INTERNAL;
    remove_checkpoint(e);
    rc = write_tiles(e);
    if (rc == EXIT_DONE) rc = write_key(e);
    if (rc == EXIT_DONE && e->in->value[DETAILS] != NULL) rc = write_details(e);
    if (rc == EXIT_DONE)
        rc = export_text_write(e->dir, e->newest.size, e->in->value[DETAILS] != NULL);
    /* Last: a checkpoint says that all that it covers is there. */
    return rc == EXIT_DONE ? write_file(e, "checkpoint", e->note, e->note_len) : rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct exporting e = {.in = in, .dir = in->word};
    enum exit_code rc = EXIT_USAGE;

    if (in->word == NULL) {
        terminal_say("A folder to export to is missing.");
        terminal_hint("Nothing was done. See: handoff help audit export");
        return rc;
    }
    rc = connect_client(&e.client, in->settings, in->value[SERVER]);
    if (rc == EXIT_DONE)
        rc = export(&e);
    if (rc == EXIT_DONE && printf("%" PRIu64 " events\n", e.newest.size) > 0 && output_flush() != 0)
        rc = EXIT_INTERNAL;
    if (rc == EXIT_DONE && isatty(STDERR_FILENO))
        terminal_say("%s has the tiles, events.jsonl and events.csv. To check it anywhere: handoff "
                     "audit verify %s",
                     in->word, in->word);
    tiles_free(e.tiles);
    client_free(e.client);
    return rc;
}

const struct command command_audit_export = {
    .name = "audit export",
    .word = "DIR",
    .summary = "write the whole log to DIR, as C2SP tiles, JSON lines and CSV; resumes",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
