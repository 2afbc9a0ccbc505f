#include "cli/local/state.h"

#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "vault/protocol/encoding/jsontext.h"
#include "vault/protocol/encoding/text.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024, VERSION = 1 };

static const char *const folders[] = {[STATE_SENT] = "sent", [STATE_RECEIVED] = "received"};

struct state *state_new(void)
{
    struct state *s = sodium_malloc(sizeof *s);

    if (s != NULL)
        memset(s, 0, sizeof *s);
    return s;
}

void state_free(struct state *s)
{
    sodium_free(s);
}

/* ---- where ---- */

int state_home(char out[PATH_MAX])
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = PATH_MAX;

    if (xdg != NULL && xdg[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/handoff", xdg);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/.local/state/handoff", home);
    if (n < PATH_MAX)
        return 0;
    terminal_say("There is no place to keep state: neither XDG_STATE_HOME nor HOME is usable.");
    terminal_hint("Nothing was done. Set one of them to a folder of yours.");
    return -1;
}

/* Writes the path of a role's folder. Returns 0 or -1 after having said why not. */
static int folder(char out[PATH_MAX], enum state_role role)
{
    size_t len;

    if (state_home(out) != 0)
        return -1;
    len = strlen(out);
    return snprintf(out + len, PATH_MAX - len, "/%s", folders[role]) < (int)(PATH_MAX - len) ? 0
                                                                                             : -1;
}

static int file_path(char out[PATH_MAX], enum state_role role, const uint8_t id[ENCODING_ID_BYTES])
{
    char name[ENCODING_ID_TEXT + 1];
    char dir[PATH_MAX];

    if (folder(dir, role) != 0)
        return -1;
    encoding_id_format(name, id);
    return snprintf(out, PATH_MAX, "%s/%s.json", dir, name) < PATH_MAX ? 0 : -1;
}

int state_make_folders(const char *path)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return -1;
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return 0;
}

/* ---- writing ---- */

static void add_bytes(struct text *t, const char *name, const uint8_t bytes[32])
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":\"");
    text_base64url(t, bytes, 32);
    text_add(t, "\"");
}

static void add_integer(struct text *t, const char *name, int64_t value)
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_i64(t, value);
}

static void add_text(struct text *t, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_json_string(t, value, strlen(value));
}

static void add_sent(struct text *t, const struct state *s)
{
    add_bytes(t, "manage_key", s->key);
    add_integer(t, "expires_at", s->expires_at);
    add_bytes(t, "receipt_key", s->receipt_key);
    add_bytes(t, "envelope_hash", s->envelope_hash);
    add_text(t, "label", s->label);
    add_text(t, "recipient", s->recipient);
    add_text(t, "ref", s->ref);
}

static void add_received(struct text *t, const struct state *s)
{
    add_bytes(t, "claimant", s->key);
    if (s->shown_at == 0)
        return;
    add_integer(t, "shown_at", s->shown_at);
    add_bytes(t, "receipt_seed", s->receipt_seed);
    add_bytes(t, "envelope_hash", s->envelope_hash);
}

static struct secret *format(const struct state *s)
{
    struct secret *out = secret_new(FILE_MAX);
    struct text t;

    if (out == NULL)
        return NULL;
    t = text_into((char *)secret_data(out), secret_capacity(out));
    text_add(&t, "{\"v\":");
    text_i64(&t, VERSION);
    text_add(&t, ",\"id\":\"");
    text_id(&t, s->id);
    text_add(&t, "\",\"base\":");
    text_json_string(&t, s->base, strlen(s->base));
    add_integer(&t, "created_at", s->created_at);
    if (s->role == STATE_SENT)
        add_sent(&t, s);
    else
        add_received(&t, s);
    text_add(&t, "}\n");
    if (t.overflow || secret_resize(out, t.len) != 0) {
        secret_free(out);
        return NULL;
    }
    return out;
}

static int write_state(const struct state *s, bool replace)
{
    struct secret *content = NULL;
    char path[PATH_MAX];
    int rc = -1;
    int number;

    if (file_path(path, s->role, s->id) != 0)
        return -1;
    errno = ENOMEM;
    content = format(s);
    if (content != NULL && state_make_folders(path) == 0)
        rc = output_file_write(path, secret_bytes(content), secret_len(content), replace);
    number = errno;
    secret_free(content);
    if (rc == 0)
        return 0;
    if (!replace && number == EEXIST)
        return 1;
    terminal_say("The state file %s cannot be written: %s.", path, strerror(number));
    return -1;
}

int state_create(const struct state *s)
{
    return write_state(s, false);
}

int state_replace(const struct state *s)
{
    return write_state(s, true);
}

void state_remove(enum state_role role, const uint8_t id[ENCODING_ID_BYTES])
{
    char path[PATH_MAX];

    if (file_path(path, role, id) == 0)
        (void)unlink(path);
}

/* ---- reading ---- */

/* The members of a file, taken one by one: what is left over at the end is one too many. */
struct reader {
    json_t *json;
    const char *wrong; /* a member that is not as it should be, or NULL */
};

static void take_bytes(struct reader *r, uint8_t out[32], const char *name)
{
    json_t *value = json_object_get(r->json, name);

    if (!json_is_string(value) ||
        encoding_base64url_exact(out, 32, json_string_value(value), json_string_length(value)) != 0)
        r->wrong = name;
    (void)json_object_del(r->json, name);
}

static void take_time(struct reader *r, int64_t *out, const char *name)
{
    json_t *value = json_object_get(r->json, name);

    if (json_is_integer(value) && json_integer_value(value) > 0)
        *out = (int64_t)json_integer_value(value);
    else
        r->wrong = name;
    (void)json_object_del(r->json, name);
}

static void take_text(struct reader *r, char *out, size_t size, const char *name, bool needed)
{
    json_t *value = json_object_get(r->json, name);

    if (value == NULL && !needed)
        return;
    if (json_is_string(value) && json_string_length(value) < size)
        (void)snprintf(out, size, "%s", json_string_value(value));
    else
        r->wrong = name;
    (void)json_object_del(r->json, name);
}

static void take_id(struct reader *r, const uint8_t id[ENCODING_ID_BYTES])
{
    char expected[ENCODING_ID_TEXT + 1];
    char found[ENCODING_ID_TEXT + 1] = "";

    encoding_id_format(expected, id);
    take_text(r, found, sizeof found, "id", true);
    if (strcmp(found, expected) != 0)
        r->wrong = "id";
}

static void take_sent(struct reader *r, struct state *s)
{
    take_bytes(r, s->key, "manage_key");
    take_time(r, &s->expires_at, "expires_at");
    take_bytes(r, s->receipt_key, "receipt_key");
    take_bytes(r, s->envelope_hash, "envelope_hash");
    take_text(r, s->label, sizeof s->label, "label", false);
    take_text(r, s->recipient, sizeof s->recipient, "recipient", false);
    take_text(r, s->ref, sizeof s->ref, "ref", false);
}

static void take_received(struct reader *r, struct state *s)
{
    take_bytes(r, s->key, "claimant");
    if (json_object_get(r->json, "shown_at") == NULL)
        return;
    take_time(r, &s->shown_at, "shown_at");
    take_bytes(r, s->receipt_seed, "receipt_seed");
    take_bytes(r, s->envelope_hash, "envelope_hash");
}

/* Returns NULL, or what is wrong. */
static const char *parse(struct state *s, const struct secret *content)
{
    struct reader r = {.json = jsontext_parse((const char *)secret_bytes(content),
                                              secret_len(content), JSON_REJECT_DUPLICATES, NULL)};

    if (!json_is_object(r.json)) {
        json_decref(r.json);
        return "it is not JSON";
    }
    if (json_integer_value(json_object_get(r.json, "v")) != VERSION)
        r.wrong = "v";
    (void)json_object_del(r.json, "v");
    take_id(&r, s->id);
    take_text(&r, s->base, sizeof s->base, "base", true);
    take_time(&r, &s->created_at, "created_at");
    if (s->role == STATE_SENT)
        take_sent(&r, s);
    else
        take_received(&r, s);
    if (r.wrong == NULL && json_object_size(r.json) > 0)
        r.wrong = "a member that this program does not know";
    json_decref(r.json);
    return r.wrong;
}

int state_read(struct state *s, enum state_role role, const uint8_t id[ENCODING_ID_BYTES])
{
    struct secret *content;
    char path[PATH_MAX];
    const char *wrong;
    uint8_t name[ENCODING_ID_BYTES];

    memcpy(name, id, sizeof name);
    memset(s, 0, sizeof *s);
    s->role = role;
    memcpy(s->id, name, sizeof s->id);
    if (file_path(path, role, id) != 0)
        return -1;
    content = input_file(path, FILE_MAX);
    if (content == NULL && errno == ENOENT)
        return 1;
    if (content == NULL) {
        terminal_say("The state file %s cannot be read: %s.", path, strerror(errno));
        return -1;
    }
    wrong = parse(s, content);
    secret_free(content);
    if (wrong == NULL)
        return 0;
    terminal_say("The state file %s is damaged (%s).", path, wrong);
    terminal_hint("It was left as it is. Bring back a copy of it, or move it away.");
    return -1;
}

/* ---- finding ---- */

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, ENCODING_ID_BYTES);
}

/* Whether a file of this name is a state's whose id contains part. */
static bool matches(uint8_t id[ENCODING_ID_BYTES], const char *name, const char *part)
{
    char text[ENCODING_ID_TEXT + 1];

    if (strlen(name) != ENCODING_ID_TEXT + 5 || strcmp(name + ENCODING_ID_TEXT, ".json") != 0 ||
        encoding_id_parse(id, name, ENCODING_ID_TEXT) != 0)
        return false;
    encoding_id_format(text, id);
    return strstr(text, part) != NULL;
}

static int collect(DIR *dir, uint8_t (**ids)[ENCODING_ID_BYTES], size_t *count, const char *part)
{
    const struct dirent *entry;
    size_t room = 0;

    while ((entry = readdir(dir)) != NULL) {
        uint8_t id[ENCODING_ID_BYTES];

        if (!matches(id, entry->d_name, part))
            continue;
        if (*count == room) {
            void *bigger;

            room = room * 2 + 16;
            bigger = secret_heap_realloc(*ids, room * sizeof **ids);
            if (bigger == NULL)
                return -1;
            *ids = bigger;
        }
        memcpy((*ids)[(*count)++], id, sizeof id);
    }
    return 0;
}

int state_find(uint8_t (**ids)[ENCODING_ID_BYTES], size_t *count, enum state_role role,
               const char *part)
{
    char path[PATH_MAX];
    DIR *dir;
    int rc;

    *ids = NULL;
    *count = 0;
    if (folder(path, role) != 0)
        return -1;
    dir = opendir(path);
    if (dir == NULL && errno == ENOENT)
        return 0;
    if (dir == NULL) {
        terminal_say("The folder %s cannot be read: %s.", path, strerror(errno));
        return -1;
    }
    rc = collect(dir, ids, count, part);
    (void)closedir(dir);
    if (rc != 0) {
        secret_heap_free(*ids);
        *ids = NULL;
        terminal_say("Memory is short.");
        return -1;
    }
    if (*count > 0)
        qsort(*ids, *count, sizeof **ids, by_id);
    return 0;
}
