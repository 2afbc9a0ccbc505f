#include "cli/commands/command.h"
#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/log/fetch.h"
#include "cli/log/log_key_arg.h"
#include "cli/log/rebuild.h"
#include "cli/log/tiles.h"
#include "cli/log/trust.h"
#include "cli/net/connect.h"
#include "cli/net/service.h"
#include "vault/protocol/encoding/encoding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 256, SAVE_EVERY = 4096, FILE_MAX = 64 * 1024 };

enum option { KEY, WITH, FROM_START, JSON, SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [KEY] = {"key", "KEY", "the log's verifier key, or a file that holds it (the one known here)"},
    [WITH] = {"with", "DIR", "hold the service's log against an older export too"},
    [FROM_START] = {"from-start", NULL, "do not go on where an interrupted run ended"},
    [JSON] = {"json", NULL, "print one JSON object"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

struct verifying {
    const struct command_input *in;
    struct client *client;
    struct trust trust;
    struct log_memory memory;
    struct rebuild rebuilt;
    struct checkpoint target;
    struct tiles *tiles;  /* of a folder that is verified */
    struct rebuild other; /* of --with: just its events */
};

/* ---- an interrupted run ---- */

static int resume_path(char out[PATH_MAX], const struct verifying *v)
{
    return snprintf(out, PATH_MAX, "%s/verifying", v->trust.dir) < PATH_MAX ? 0 : -1;
}

/* The tree's border: enough to go on from. */
static void save(const struct verifying *v)
{
    const struct merkle_frontier *f = &v->rebuilt.tree;
    char path[PATH_MAX], buffer[MERKLE_LEVELS * 48 + 32];
    struct text t = text_into(buffer, sizeof buffer);

    text_i64(&t, (int64_t)f->size);
    text_add(&t, "\n");
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        if ((f->size >> level & 1) != 0) {
            text_base64(&t, f->hash[level], MERKLE_HASH_BYTES);
            text_add(&t, "\n");
        }
    if (resume_path(path, v) == 0)
        (void)!output_file_write(path, t.data, t.len, true);
}

static bool parse_saved(struct merkle_frontier *f, const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len), *stop = text + len;

    if (end == NULL || encoding_u64(&f->size, text, (size_t)(end - text), INT64_MAX) != 0)
        return false;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        const char *line = end + 1;

        if ((f->size >> level & 1) == 0)
            continue;
        end = line < stop ? memchr(line, '\n', (size_t)(stop - line)) : NULL;
        if (end == NULL || encoding_base64_exact(f->hash[level], MERKLE_HASH_BYTES, line,
                                                 (size_t)(end - line)) != 0)
            return false;
    }
    return end + 1 == stop;
}

static void resume(struct verifying *v)
{
    char path[PATH_MAX];
    struct secret *text = NULL;
    struct merkle_frontier f;

    if (resume_path(path, v) == 0 && v->in->value[FROM_START] == NULL && v->in->value[WITH] == NULL)
        text = input_file(path, FILE_MAX);
    if (text != NULL && parse_saved(&f, (const char *)secret_bytes(text), secret_len(text)) &&
        f.size < v->target.size) {
        rebuild_resume(&v->rebuilt, &f);
        terminal_say("Going on at event %" PRIu64 ", where an earlier run was interrupted.",
                     f.size);
    }
    secret_free(text);
}

static void forget(const struct verifying *v)
{
    char path[PATH_MAX];

    if (resume_path(path, v) == 0)
        (void)unlink(path);
}

/* ---- what is compared ---- */

static enum exit_code take(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct verifying *v = ctx;
    enum exit_code rc = rebuild_add(&v->rebuilt, n, line, len);

    if (rc == EXIT_DONE && v->tiles != NULL)
        rc = tiles_add(v->tiles, line, len);
    if (rc == EXIT_DONE && v->client != NULL && v->rebuilt.tree.size % SAVE_EVERY == 0)
        save(v);
    return rc;
}

static enum exit_code take_other(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct verifying *v = ctx;

    return rebuild_add(&v->other, n, line, len);
}

/* Which of the service's own hashes the lines depart from: the event that was changed. */
static bool locate(const struct verifying *v)
{
    const struct rebuild *r = &v->rebuilt;

    for (uint64_t n = r->first / WIDTH; n * WIDTH < r->tree.size; n++) {
        const uint64_t left = r->tree.size - n * WIDTH;
        const uint64_t width = left < WIDTH ? left : WIDTH;
        struct client_reply reply;
        char path[128], index[TILES_INDEX_MAX];

        tiles_index(index, n);
        if (width < WIDTH)
            (void)snprintf(path, sizeof path, "/tile/0/%s.p/%" PRIu64, index, width);
        else
            (void)snprintf(path, sizeof path, "/tile/0/%s", index);
        if (!service_audit(v->client, path, &reply) || reply.len != width * MERKLE_HASH_BYTES) {
            client_reply_clear(&reply);
            return false;
        }
        for (uint64_t i = 0; i < width; i++)
            if (n * WIDTH + i >= r->first &&
                memcmp(reply.data + i * MERKLE_HASH_BYTES, r->leaves[n * WIDTH + i - r->first],
                       MERKLE_HASH_BYTES) != 0) {
                terminal_say("EVENT %" PRIu64 " WAS CHANGED: its line is not the one that the "
                             "log's tree holds.",
                             n * WIDTH + i);
                client_reply_clear(&reply);
                return true;
            }
        client_reply_clear(&reply);
    }
    return false;
}

/* ---- both ways ---- */

static enum exit_code conclude(struct verifying *v, const char *what)
{
    bool wrong = rebuild_say(&v->rebuilt);

    if (!checkpoint_fits(&v->target, &v->rebuilt.tree)) {
        if (v->rebuilt.tree.size < v->target.size)
            terminal_say("EVENTS ARE MISSING: %" PRIu64 " were signed, %" PRIu64 " are there.",
                         v->target.size, v->rebuilt.tree.size);
        else if ((v->client == NULL || !locate(v)) && !wrong)
            terminal_say("THE EVENTS ARE NOT THOSE THAT WERE SIGNED: their tree has another root.");
        wrong = true;
    }
    if (wrong) {
        terminal_hint("Do not trust %s. Keep what you have of it, and tell its operator and your "
                      "auditor.",
                      what);
        return EXIT_UNVERIFIED;
    }
    return EXIT_DONE;
}

static enum exit_code print_result(const struct verifying *v)
{
    char key[NOTE_KEY_MAX], root[ENCODING_BASE64_LEN(MERKLE_HASH_BYTES) + 1];

    note_key_format(key, &v->trust.key);
    encoding_base64(root, v->target.root, sizeof v->target.root);
    if (v->in->value[JSON] != NULL)
        (void)printf("{\"events\":%" PRIu64 ",\"root\":\"%s\",\"key\":\"%s\",\"checkpoints\":%u,"
                     "\"kept_events\":%u}\n",
                     v->target.size, root, key, v->rebuilt.roots, v->rebuilt.events);
    else
        (void)printf("events       %" PRIu64 ", each in its place and as it was signed\n"
                     "root         %s\n"
                     "signed by    %s\n"
                     "continues    %u checkpoints kept on this machine\n"
                     "contains     %u events proved to this machine before\n",
                     v->target.size, root, key, v->rebuilt.roots, v->rebuilt.events);
    if (output_flush() == 0)
        return EXIT_DONE;
    terminal_say("stdout does not take the output: %s.", strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code verify_service(struct verifying *v)
{
    struct fetch fetch = {.path = "/events", .what = "Verifying", .each = take, .ctx = v};
    char note[NOTE_BYTES];
    uint64_t count;
    size_t len;
    struct note_key key;
    const struct log_memory nothing = {0};
    enum exit_code rc = trust_load(&v->trust, client_base(v->client)), said;

    if (rc == EXIT_DONE && v->in->value[KEY] != NULL)
        rc = log_key_arg_read(&key, v->in->value[KEY]);
    if (rc == EXIT_DONE && v->in->value[KEY] != NULL)
        rc = trust_pin(&v->trust, v->client, &key);
    if (rc == EXIT_DONE)
        rc = log_memory_load(&v->memory, &v->trust);
    rebuild_begin(&v->other, &nothing);
    if (rc == EXIT_DONE && v->in->value[WITH] != NULL)
        rc = tiles_read(v->in->value[WITH], UINT64_MAX, true, take_other, v, &count);
    if (rc != EXIT_DONE)
        return rc;
    /* A checkpoint that contradicts is told at once; where it does so is looked for all the
       same. */
    said = trust_update(&v->trust, v->client, &v->target, note, &len);
    if (said != EXIT_DONE && (said != EXIT_UNVERIFIED || v->target.size == 0))
        return said;
    rebuild_begin(&v->rebuilt, &v->memory);
    v->rebuilt.other = (const uint8_t(*)[MERKLE_HASH_BYTES])v->other.leaves;
    v->rebuilt.other_len = v->other.tree.size;
    resume(v);
    fetch.client = v->client;
    fetch.next = v->rebuilt.tree.size;
    fetch.size = v->target.size;
    rc = fetch_lines(&fetch);
    if (rc == EXIT_UNVERIFIED)
        (void)rebuild_say(&v->rebuilt);
    if (rc != EXIT_DONE)
        return rc;
    forget(v);
    rc = conclude(v, "this service's log");
    return rc == EXIT_DONE ? said : rc;
}

/* ---- a folder, without the service ---- */

/* The key that the export names itself. */
static enum exit_code own_key(struct verifying *v, const char *dir)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/key", dir) >= (int)sizeof path)
        return EXIT_INTERNAL;
    terminal_say("The key is taken from the export itself: that shows that it is whole, not whose "
                 "it is. Name the key with --key.");
    return log_key_arg_read(&v->trust.key, path);
}

static enum exit_code read_key(struct verifying *v, const char *dir)
{
    const bool known = v->trust.known;
    struct note_key key;
    enum exit_code rc;

    if (v->in->value[KEY] == NULL)
        return known ? EXIT_DONE : own_key(v, dir);
    rc = log_key_arg_read(&key, v->in->value[KEY]);
    /* What is kept here is of the service that is known here. */
    v->trust.known = known && note_key_equal(&key, &v->trust.key);
    v->trust.key = key;
    return rc;
}

static enum exit_code read_checkpoint(struct verifying *v, const char *dir)
{
    char path[PATH_MAX];
    struct secret *text = NULL;
    enum note_verdict verdict = NOTE_MALFORMED;

    if (snprintf(path, sizeof path, "%s/checkpoint", dir) < (int)sizeof path)
        text = input_file(path, FILE_MAX);
    if (text == NULL) {
        terminal_say("%s cannot be read: %s.", path, strerror(errno));
        terminal_hint("An export that did not come to its end has no checkpoint: run handoff audit "
                      "export again.");
        return EXIT_INTERNAL;
    }
    verdict = checkpoint_open(&v->target, (const char *)secret_bytes(text), secret_len(text),
                              &v->trust.key);
    secret_free(text);
    if (verdict == NOTE_GOOD)
        return EXIT_DONE;
    terminal_say("%s %s.", path,
                 verdict == NOTE_UNSIGNED ? "is not signed by this key"
                 : verdict == NOTE_FORGED ? "has a signature that does not verify"
                                          : "is no checkpoint");
    if (verdict == NOTE_UNSIGNED && v->in->value[KEY] == NULL)
        terminal_hint("It was held against the key that is known here. Of another service, or from "
                      "before the key was replaced, name the key with --key.");
    return EXIT_UNVERIFIED;
}

static enum exit_code verify_folder(struct verifying *v, const char *dir)
{
    uint64_t count = 0;
    enum exit_code rc = EXIT_DONE;

    if (settings_load(v->in->settings) == EXIT_DONE)
        rc = trust_load(&v->trust, settings_url(v->in->settings));
    if (rc == EXIT_DONE)
        rc = read_key(v, dir);
    if (rc == EXIT_DONE)
        rc = read_checkpoint(v, dir);
    /* What is kept here counts where it is of the same log. */
    if (rc == EXIT_DONE && v->trust.known)
        rc = log_memory_load(&v->memory, &v->trust);
    if (rc != EXIT_DONE)
        return rc;
    rebuild_begin(&v->rebuilt, &v->memory);
    v->tiles = tiles_new(dir, TILES_CHECK);
    if (v->tiles == NULL)
        return EXIT_INTERNAL;
    rc = tiles_read(dir, v->target.size, true, take, v, &count);
    if (rc == EXIT_DONE && count == v->target.size)
        rc = tiles_finish(v->tiles);
    if (rc == EXIT_DONE && tiles_first_difference(v->tiles) != UINT64_MAX) {
        terminal_say("EVENT %" PRIu64 " WAS CHANGED: its line is not the one that its tile holds.",
                     tiles_first_difference(v->tiles));
        rc = EXIT_UNVERIFIED;
    } else if (rc == EXIT_DONE && tiles_inner_difference(v->tiles)) {
        terminal_say("A TILE OF HASHES WAS CHANGED: it does not follow from the events.");
        rc = EXIT_UNVERIFIED;
    }
    return rc == EXIT_DONE ? conclude(v, "this export") : rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct verifying v = {.in = in};
    enum exit_code rc = EXIT_DONE;

    if (in->word != NULL) {
        rc = verify_folder(&v, in->word);
    } else {
        rc = connect_client(&v.client, in->settings, in->value[SERVER]);
        if (rc == EXIT_DONE)
            rc = verify_service(&v);
    }
    if (rc == EXIT_DONE)
        rc = print_result(&v);
    rebuild_end(&v.rebuilt);
    log_memory_clear(&v.memory);
    tiles_free(v.tiles);
    rebuild_end(&v.other);
    client_free(v.client);
    return rc;
}

const struct command command_audit_verify = {
    .name = "audit verify",
    .word = "[DIR]",
    .summary = "derive the log, or an export of it, anew; check it by all that was kept",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
