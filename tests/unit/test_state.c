/* Goal: what a command keeps comes back exactly, whole or not at all, readable by nobody else; a
   second writer is noticed, and a damaged file is refused and left alone. */
#include "cli/local/state.h"
#include "tests/unit/unit.h"

#include <ftw.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_MAX = 4096 };

static char home[PATH_MAX];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int make_home(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    (void)snprintf(home, sizeof home, "%s/handoff-state-XXXXXX", tmp != NULL ? tmp : P_tmpdir);
    return mkdtemp(home) != NULL ? setenv("XDG_STATE_HOME", home, 1) : -1;
}

static int remove_home(void **state)
{
    (void)state;
    return nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

static struct state *sample(enum state_role role)
{
    struct state *s = state_new();

    assert_non_null(s);
    s->role = role;
    encoding_id_new(s->id, 1700000000000);
    (void)snprintf(s->base, sizeof s->base, "https://handoff.example/x");
    s->created_at = 1700000000;
    randombytes_buf(s->key, sizeof s->key);
    randombytes_buf(s->envelope_hash, sizeof s->envelope_hash);
    if (role == STATE_SENT) {
        s->expires_at = 1700003600;
        randombytes_buf(s->receipt_key, sizeof s->receipt_key);
        (void)snprintf(s->label, sizeof s->label, "\"Contoso\" \\ \xf0\x9f\x99\x82");
    } else {
        s->shown_at = 1700000001;
        randombytes_buf(s->receipt_seed, sizeof s->receipt_seed);
    }
    return s;
}

static void path_of(char out[PATH_MAX], const struct state *s)
{
    char id[ENCODING_ID_TEXT + 1];

    encoding_id_format(id, s->id);
    assert_true(snprintf(out, PATH_MAX, "%s/handoff/%s/%s.json", home,
                         s->role == STATE_SENT ? "sent" : "received", id) < PATH_MAX);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void round_trip(void **state)
{
    (void)state;
    for (int role = STATE_SENT; role <= STATE_RECEIVED; role++) {
        struct state *s = sample((enum state_role)role);
        struct state *back = state_new();
        char path[PATH_MAX];

        assert_int_equal(state_create(s), 0);
        assert_int_equal(state_read(back, s->role, s->id), 0);
        assert_memory_equal(back, s, sizeof *s);
        path_of(path, s);
        assert_int_equal(mode_of(path), 0600);
        *strrchr(path, '/') = '\0';
        assert_int_equal(mode_of(path), 0700);
        state_free(back);
        state_free(s);
    }
}

/* Before anything was shown there is neither seed nor hash to keep. */
static void claim_only(void **state)
{
    struct state *s = sample(STATE_RECEIVED);
    struct state *back = state_new();

    (void)state;
    s->shown_at = 0;
    memset(s->receipt_seed, 0, sizeof s->receipt_seed);
    memset(s->envelope_hash, 0, sizeof s->envelope_hash);
    assert_int_equal(state_create(s), 0);
    assert_int_equal(state_read(back, STATE_RECEIVED, s->id), 0);
    assert_memory_equal(back, s, sizeof *s);
    state_free(back);
    state_free(s);
}

static void second_writer(void **state)
{
    struct state *s = sample(STATE_RECEIVED);
    struct state *other = sample(STATE_RECEIVED);
    struct state *back = state_new();

    (void)state;
    memcpy(other->id, s->id, sizeof s->id);
    assert_int_equal(state_create(s), 0);
    assert_int_equal(state_create(other), 1);
    assert_int_equal(state_read(back, STATE_RECEIVED, s->id), 0);
    assert_memory_equal(back->key, s->key, sizeof s->key);
    assert_int_equal(state_replace(other), 0);
    assert_int_equal(state_read(back, STATE_RECEIVED, s->id), 0);
    assert_memory_equal(back->key, other->key, sizeof s->key);
    state_remove(STATE_RECEIVED, s->id);
    assert_int_equal(state_read(back, STATE_RECEIVED, s->id), 1);
    state_free(back);
    state_free(other);
    state_free(s);
}

static size_t load(const char *path, char content[CONTENT_MAX])
{
    FILE *f = fopen(path, "r");
    size_t len;

    assert_non_null(f);
    len = fread(content, 1, CONTENT_MAX - 1, f);
    assert_int_equal(fclose(f), 0);
    content[len] = '\0';
    return len;
}

static void store(const char *path, const char *content, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Every shorter file is damaged: none of them may pass for a state. */
static void cut_off(void **state)
{
    struct state *s = sample(STATE_SENT);
    struct state *back = state_new();
    char path[PATH_MAX];
    char content[CONTENT_MAX];
    size_t len;

    (void)state;
    assert_int_equal(state_create(s), 0);
    path_of(path, s);
    len = load(path, content);
    for (size_t n = 0; n + 1 < len; n += 7) {
        store(path, content, n);
        assert_int_equal(state_read(back, STATE_SENT, s->id), -1);
    }
    store(path, content, len);
    assert_int_equal(state_read(back, STATE_SENT, s->id), 0);
    state_free(back);
    state_free(s);
}

static void altered(void **state)
{
    static const struct {
        const char *from, *to;
    } edits[] = {
        {"\"v\":1", "\"v\":2"},
        {"\"v\":1", "\"v\":1,\"v\":1"},
        {"\"base\"", "\"bass\""},
        {"\"created_at\":1", "\"created_at\":\"1"},
        {"\"created_at\":1", "\"created_at\":-1"},
        {"\"manage_key\":\"", "\"manage_key\":\"A"},
        {"\"expires_at\"", "\"more\":1,\"expires_at\""},
    };
    struct state *s = sample(STATE_SENT);
    struct state *back = state_new();
    char path[PATH_MAX];
    char content[CONTENT_MAX];
    char edited[CONTENT_MAX * 2];

    (void)state;
    assert_int_equal(state_create(s), 0);
    path_of(path, s);
    (void)load(path, content);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at = strstr(content, edits[i].from);
        int n;

        assert_non_null(at);
        n = snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - content), content, edits[i].to,
                     at + strlen(edits[i].from));
        store(path, edited, (size_t)n);
        assert_int_equal(state_read(back, STATE_SENT, s->id), -1);
        assert_int_equal(load(path, content), (size_t)n);
        memset(content, 0, sizeof content);
        /* Back to the good one for the next edit. */
        assert_int_equal(state_replace(s), 0);
        (void)load(path, content);
    }
    state_free(back);
    state_free(s);
}

static void finding(void **state)
{
    struct state *s[3];
    char text[ENCODING_ID_TEXT + 1];
    uint8_t(*ids)[ENCODING_ID_BYTES];
    size_t count;

    (void)state;
    assert_int_equal(state_find(&ids, &count, STATE_SENT, ""), 0);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < 3; i++) {
        s[i] = sample(STATE_SENT);
        encoding_id_new(s[i]->id, 1700000000000 - i * 1000);
        assert_int_equal(state_create(s[i]), 0);
    }
    assert_int_equal(state_find(&ids, &count, STATE_SENT, ""), 0);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(ids[i], s[2 - i]->id, ENCODING_ID_BYTES);
    secret_heap_free(ids);
    encoding_id_format(text, s[1]->id);
    assert_int_equal(state_find(&ids, &count, STATE_SENT, text + 9), 0);
    assert_int_equal(count, 1);
    assert_memory_equal(ids[0], s[1]->id, ENCODING_ID_BYTES);
    secret_heap_free(ids);
    assert_int_equal(state_find(&ids, &count, STATE_RECEIVED, ""), 0);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < 3; i++)
        state_free(s[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, make_home, remove_home),
        cmocka_unit_test_setup_teardown(claim_only, make_home, remove_home),
        cmocka_unit_test_setup_teardown(second_writer, make_home, remove_home),
        cmocka_unit_test_setup_teardown(cut_off, make_home, remove_home),
        cmocka_unit_test_setup_teardown(altered, make_home, remove_home),
        cmocka_unit_test_setup_teardown(finding, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
