#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/progress.h"
#include "cli/io/terminal.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "cli/pages/pagecheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum option { JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [JSON] = {"json", NULL, "print one JSON object"},
};

/* ---- the version ---- */

/* Whether the server is of this very version: only then are its pages to be the same. */
static enum exit_code check_version(struct client *c, char version[64])
{
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;

    if (service_about(c, &reply)) {
        (void)snprintf(version, 64, "%s", client_text(&reply, "version"));
    } else if (reply.status == 0 || reply.status >= 500 || reply.status == 429) {
        rc = problem_say(c, &reply, "Nothing was checked.");
    } else {
        terminal_say("%s does not tell its version: it is no Handoff, or one that has no pages.",
                     client_base(c));
        terminal_hint("Nothing was checked. Check the address.");
        rc = EXIT_UNVERIFIED;
    }
    client_reply_clear(&reply);
    if (rc == EXIT_DONE && strcmp(version, HANDOFF_VERSION) != 0) {
        terminal_say("This is handoff %s, and the server says that it is %s.", HANDOFF_VERSION,
                     version);
        terminal_hint("Nothing was compared: take a handoff of the server's version.");
        rc = EXIT_UNVERIFIED;
    }
    return rc;
}

/* ---- telling ---- */

/* Others' words: a terminal gets them escaped. */
static void print_line(const char *text)
{
    struct secret *shown =
        isatty(STDOUT_FILENO)
            ? terminal_escape((const uint8_t *)text, strlen(text), TERMINAL_LINE, NULL)
            : NULL;

    if (shown != NULL)
        printf("%.*s\n", (int)secret_len(shown), (const char *)secret_bytes(shown));
    else
        printf("%s\n", text);
    secret_free(shown);
}

/* "(in gzip)"; nothing where it is so however it is asked for. */
static void how_asked(char out[128], const json_t *difference, bool page)
{
    static const struct {
        const char *name, *words;
    } ways[] = {
        {"program", "for this program"},
        {"gzip", "in gzip"},
        {"browser", "for a browser"},
        {"browser-language", "for a browser of this language"},
    };
    const json_t *as = json_object_get(difference, "as");
    int len = 0;

    out[0] = '\0';
    if (json_array_size(as) == (page ? 4 : 3))
        return;
    for (size_t i = 0; i < json_array_size(as); i++)
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++)
            if (strcmp(ways[k].name, json_string_value(json_array_get(as, i))) == 0 && len < 128)
                len += snprintf(out + len, 128 - (size_t)len, "%s%s", i == 0 ? " (" : ", ",
                                ways[k].words);
    if (len < 127)
        (void)snprintf(out + len, 128 - (size_t)len, ")");
}

static void print_differences(const struct pagecheck *p)
{
    for (size_t i = 0; i < json_array_size(p->found); i++) {
        const json_t *one = json_array_get(p->found, i);
        const char *language = json_string_value(json_object_get(one, "language"));
        char line[1024], how[128];

        how_asked(how, one, language != NULL);
        (void)snprintf(line, sizeof line, "! %s%s%s%s: %s",
                       json_string_value(json_object_get(one, "file")), language != NULL ? " " : "",
                       language != NULL ? language : "", how,
                       json_string_value(json_object_get(one, "what")));
        print_line(line);
    }
}

static void print_file(const struct pagecheck *p, const struct page_hash *file)
{
    const bool differs = pagecheck_differs(p, file);

    printf("%s %-6s %-3s %s\n", differs ? "!" : " ", pagecheck_place(file), file->language,
           differs ? "DIFFERENT" : "as built");
}

static void print_words(const struct pagecheck *p)
{
    size_t assets = 0, different = 0;

    for (size_t i = 0; i < page_hashes_len; i++)
        if (page_hashes[i].language != NULL) {
            print_file(p, &page_hashes[i]);
        } else {
            assets++;
            different += pagecheck_differs(p, &page_hashes[i]);
        }
    printf("%s %zu files that they load: ", different > 0 ? "!" : " ", assets);
    if (different > 0)
        printf("%zu DIFFERENT\n\n", different);
    else
        printf("as built\n\n");
    print_differences(p);
    if (json_array_size(p->found) == 0)
        printf("This server serves the pages of Handoff %s, unchanged.\n", HANDOFF_VERSION);
    printf("%s%zu files were compared, each as it comes for this program, compressed, and for a "
           "browser.\n"
           "Not shown: that it serves the same to somebody else, or at another time.\n",
           json_array_size(p->found) > 0 ? "\n" : "", page_hashes_len);
}

static void print_json(const struct pagecheck *p)
{
    const bool same = json_array_size(p->found) == 0;
    json_t *object =
        json_pack("{s:s,s:s,s:b,s:I,s:I,s:O}", "server", client_base(p->client), "version",
                  HANDOFF_VERSION, "same", (int)same, "files", (json_int_t)page_hashes_len,
                  "requests", (json_int_t)p->requests, "differences", p->found);

    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)putchar('\n');
    json_decref(object);
}

static enum exit_code tell(const struct pagecheck *p, bool json)
{
    size_t different = 0;

    if (json)
        print_json(p);
    else
        print_words(p);
    if (output_flush() != 0) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        return EXIT_INTERNAL;
    }
    for (size_t i = 0; i < page_hashes_len; i++)
        different += pagecheck_differs(p, &page_hashes[i]);
    if (different == 0)
        return EXIT_DONE;
    terminal_say("THIS SERVER DOES NOT SERVE THE PAGES OF HANDOFF %s: %zu of %zu files differ.",
                 HANDOFF_VERSION, different, page_hashes_len);
    terminal_hint("Type nothing into its pages, and open no link on them, until its operator has "
                  "explained it; the command line does not need them.");
    return EXIT_UNVERIFIED;
}

/* ---- checking ---- */

static enum exit_code check_files(struct pagecheck *p)
{
    struct progress progress;
    enum exit_code rc = EXIT_DONE;

    progress_begin(&progress, "comparing files", page_hashes_len);
    for (size_t i = 0; rc == EXIT_DONE && i < page_hashes_len; i++) {
        rc = pagecheck_file(p, &page_hashes[i]);
        progress_tell(&progress, i + 1);
    }
    progress_end(&progress);
    return rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct client *client = NULL;
    struct pagecheck p = {0};
    char version[64] = "";
    enum exit_code rc = connect_client(&client, in->settings, in->word);

    if (rc == EXIT_DONE)
        rc = check_version(client, version);
    if (rc == EXIT_DONE)
        rc = pagecheck_begin(&p, client);
    if (rc == EXIT_DONE)
        rc = check_files(&p);
    if (rc == EXIT_DONE)
        rc = tell(&p, in->value[JSON] != NULL);
    pagecheck_end(&p);
    client_free(client);
    return rc;
}

const struct command command_verify_page = {
    .name = "verify-page",
    .word = "[URL]",
    .summary = "check that a server's pages are those of this version, byte for byte",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
