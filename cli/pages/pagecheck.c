#include "cli/pages/pagecheck.h"

#include "cli/io/terminal.h"
#include "cli/net/problem.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/sha256.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WHAT_MAX = 768, PATH_LEN_MAX = 256, WAITS_MAX = 20, WAIT_MAX_S = 60, SHOWN_MAX = 512 };

/* ---- what a server is asked for ---- */

static const struct place {
    const char *name, *shown, *folder;
} places[] = {
    {"submit.html", "/", "/"},
    {"redeem.html", "/h/ID", "/h/"},
    {"follow.html", "/s/ID", "/s/"},
};

static const struct place *place_of(const struct page_hash *file)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].name, file->name) == 0)
            return &places[i];
    return NULL;
}

const char *pagecheck_place(const struct page_hash *file)
{
    const struct place *place = place_of(file);

    return place != NULL ? place->shown : NULL;
}

/* asked: the language is part of the address. */
static void path_of(char out[PATH_LEN_MAX], const struct pagecheck *p, const struct page_hash *file,
                    bool asked)
{
    const struct place *place = place_of(file);
    char id[ENCODING_ID_TEXT + 1] = "";

    if (place == NULL) {
        (void)snprintf(out, PATH_LEN_MAX, "/%s", file->name);
        return;
    }
    if (place->folder[1] != '\0')
        encoding_id_format(id, p->id);
    (void)snprintf(out, PATH_LEN_MAX, "%s%s%s%s", place->folder, id, asked ? "?lang=" : "",
                   asked ? file->language : "");
}

/* The ways in which each file is fetched. A server that wants to deceive tells people's browsers
   from those who check. */
static const struct guise {
    const char *name;
    bool browser;   /* User-Agent and Accept of one */
    bool preferred; /* a page's language is that of the browser, not one that was asked for */
    const char *coding;
} guises[] = {
    {"program", false, false, "identity"},
    {"gzip", false, false, "gzip"},
    {"browser", true, false, NULL},
    {"browser-language", true, true, NULL},
};

static const char browser_agent[] =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
static const char browser_accept[] =
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/* ---- what is wrong with an answer ---- */

static void add(struct pagecheck *p, const struct page_hash *file, const struct guise *guise,
                const char *what)
{
    size_t i;
    json_t *one;

    for (i = 0; i < json_array_size(p->found); i++) {
        one = json_array_get(p->found, i);
        if (strcmp(json_string_value(json_object_get(one, "file")), file->name) == 0 &&
            strcmp(json_string_value(json_object_get(one, "what")), what) == 0 &&
            (file->language == NULL ||
             strcmp(json_string_value(json_object_get(one, "language")), file->language) == 0))
            break;
    }
    if (i == json_array_size(p->found)) {
        one = json_pack("{s:s,s:s,s:[]}", "file", file->name, "what", what, "as");
        if (file->language != NULL)
            (void)json_object_set_new(one, "language", json_string(file->language));
        p->lost |= json_array_append_new(p->found, one) != 0;
    }
    one = json_array_get(p->found, i);
    p->lost |= json_array_append_new(json_object_get(one, "as"), json_string(guise->name)) != 0;
}

bool pagecheck_differs(const struct pagecheck *p, const struct page_hash *file)
{
    for (size_t i = 0; i < json_array_size(p->found); i++) {
        const json_t *one = json_array_get(p->found, i);
        const char *language = json_string_value(json_object_get(one, "language"));

        if (strcmp(json_string_value(json_object_get(one, "file")), file->name) == 0 &&
            (file->language == NULL || strcmp(language, file->language) == 0))
            return true;
    }
    return false;
}

/* Others' bytes, as far as they can stand in a sentence. */
static void copy_value(char out[SHOWN_MAX], const char *value)
{
    size_t n = 0;

    for (; value[n] != '\0' && n < SHOWN_MAX - 1; n++)
        out[n] = value[n] >= 0x20 && value[n] < 0x7f ? value[n] : '?';
    out[n] = '\0';
}

/* expected NULL: it must not be there. A proxy may have set the same once more. */
static void check_header(struct pagecheck *p, const struct page_hash *file,
                         const struct guise *guise, const char *name, const char *expected)
{
    char what[WHAT_MAX], shown[SHOWN_MAX];
    const char *value = "";
    size_t times = client_header(p->client, name, 0, &value), n = 0;

    if (times == 0 && expected == NULL)
        return;
    while (n < times && expected != NULL && strcmp(value, expected) == 0) {
        n++;
        if (n < times)
            times = client_header(p->client, name, n, &value);
    }
    if (times > 0 && n == times)
        return;
    copy_value(shown, value);
    if (times == 0)
        (void)snprintf(what, sizeof what, "the header %s is missing", name);
    else
        (void)snprintf(what, sizeof what, "the header %s %s: %s", name,
                       expected != NULL ? "is another one" : "must not be there", shown);
    add(p, file, guise, what);
}

static void check_headers(struct pagecheck *p, const struct page_hash *file,
                          const struct guise *guise)
{
    /* NULL: it must not be there, since it would lead on, or load more. */
    static const struct {
        const char *name, *value;
    } headers[] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
         "style-src 'self'; img-src 'self'; connect-src 'self'; "
         "require-trusted-types-for 'script'; trusted-types handoff; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Refresh", NULL},
        {"Link", NULL},
    };

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        check_header(p, file, guise, headers[i].name, headers[i].value);
}

static void check_bytes(struct pagecheck *p, const struct page_hash *file,
                        const struct guise *guise, const struct client_reply *reply)
{
    char what[WHAT_MAX], found[65], expected[65];
    uint8_t hash[32];

    sha256(hash, reply->data, reply->len);
    if (reply->len == file->len && memcmp(hash, file->sha256, sizeof hash) == 0)
        return;
    (void)sodium_bin2hex(found, sizeof found, hash, sizeof hash);
    (void)sodium_bin2hex(expected, sizeof expected, file->sha256, sizeof file->sha256);
    (void)snprintf(what, sizeof what,
                   "other bytes: %zu instead of %" PRIu32 ", SHA-256 %s instead of %s", reply->len,
                   file->len, found, expected);
    add(p, file, guise, what);
}

/* Judges an answer. Returns EXIT_DONE, or says what kept the server from answering. */
static enum exit_code judge(struct pagecheck *p, const struct page_hash *file,
                            const struct guise *guise, const struct client_reply *reply)
{
    char what[WHAT_MAX];

    if (reply->data != NULL) {
        check_bytes(p, file, guise, reply);
        check_headers(p, file, guise);
        return EXIT_DONE;
    }
    if (!reply->unreadable && (reply->status == 0 || reply->status >= 500))
        return problem_say(p->client, reply,
                           "The check was not finished: nothing is known of the "
                           "rest.");
    if (reply->unreadable)
        (void)snprintf(what, sizeof what, "its answer cannot be read: %s", reply->error);
    else
        (void)snprintf(what, sizeof what, "it is not there (HTTP %ld)", reply->status);
    add(p, file, guise, what);
    return EXIT_DONE;
}

/* ---- asking ---- */

/* Sends the call, and again after a pause where the server asks for one. */
static void ask(struct pagecheck *p, const struct client_call *call, struct client_reply *reply)
{
    for (unsigned waits = 0;; waits++) {
        struct timespec pause = {.tv_sec = 1};

        p->requests++;
        if (client_send(p->client, call, reply) || reply->status != 429 || waits == WAITS_MAX)
            return;
        if (waits == 0)
            terminal_say("%s limits how often it is asked; going on more slowly.",
                         client_base(p->client));
        if (reply->retry_s > 0)
            pause.tv_sec = reply->retry_s < WAIT_MAX_S ? reply->retry_s : WAIT_MAX_S;
        client_reply_clear(reply);
        (void)nanosleep(&pause, NULL);
    }
}

static enum exit_code check_as(struct pagecheck *p, const struct page_hash *file,
                               const struct guise *guise)
{
    const bool page = file->language != NULL;
    const struct client_guise as = {
        .agent = guise->browser ? browser_agent : NULL,
        .accept = guise->browser && page ? browser_accept : NULL,
        .language = guise->preferred ? file->language : NULL,
        .coding = guise->coding != NULL ? guise->coding : client_codings(),
    };
    char path[PATH_LEN_MAX];
    const struct client_call call = {.method = "GET", .path = path, .raw = true, .as = &as};
    struct client_reply reply;
    enum exit_code rc;

    path_of(path, p, file, page && !guise->preferred);
    ask(p, &call, &reply);
    rc = judge(p, file, guise, &reply);
    client_reply_clear(&reply);
    return rc;
}

static enum exit_code no_memory(void)
{
    terminal_say("Memory is short.");
    return EXIT_INTERNAL;
}

enum exit_code pagecheck_file(struct pagecheck *p, const struct page_hash *file)
{
    enum exit_code rc = EXIT_DONE;

    for (size_t i = 0; rc == EXIT_DONE && i < sizeof guises / sizeof guises[0]; i++)
        if (file->language != NULL || !guises[i].preferred)
            rc = check_as(p, file, &guises[i]);
    return rc == EXIT_DONE && p->lost ? no_memory() : rc;
}

enum exit_code pagecheck_begin(struct pagecheck *p, struct client *c)
{
    struct timespec now = {0};

    *p = (struct pagecheck){.client = c, .found = json_array()};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    encoding_id_new(p->id, (uint64_t)now.tv_sec * 1000);
    return p->found != NULL ? EXIT_DONE : no_memory();
}

void pagecheck_end(struct pagecheck *p)
{
    json_decref(p->found);
    p->found = NULL;
}
