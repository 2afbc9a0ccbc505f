#include "cli/local/settings.h"

#include "cli/io/input.h"
#include "cli/io/terminal.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/link.h"

#include <confuse.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, TOKEN_MAX = 128, KEY_BYTES = 32 };

static const char default_url[] = "http://127.0.0.1:8088";
static const char *const roles[] = {"sender", "team", "auditor", "operator"};

struct settings {
    bool loaded;
    char url[LINK_BASE_MAX];
    char token_file[PATH_BYTES]; /* empty: none */
    struct secret *token;
    const char *role; /* the token's */
};

/* ---- the token ---- */

struct settings *settings_new(void)
{
    struct settings *s = calloc(1, sizeof *s);
    char *given = getenv("HANDOFF_TOKEN");

    if (s == NULL || given == NULL || given[0] == '\0')
        return s;
    s->token = secret_new(TOKEN_MAX);
    /* One that is too long is none: it stays empty, and is refused as what it is. */
    if (s->token != NULL && strlen(given) <= TOKEN_MAX)
        (void)!secret_append(s->token, given, strlen(given));
    sodium_memzero(given, strlen(given));
    (void)unsetenv("HANDOFF_TOKEN");
    if (s->token != NULL)
        return s;
    settings_free(s);
    return NULL;
}

void settings_free(struct settings *s)
{
    if (s == NULL)
        return;
    secret_free(s->token);
    free(s);
}

/* Its role, where it has the form of a token: hof_<role>_<43 characters>; or NULL. */
static const char *role_of(const struct secret *token)
{
    const char *text = (const char *)secret_bytes(token);
    const size_t len = secret_len(token);

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        uint8_t key[KEY_BYTES];
        char prefix[24];
        const size_t prefix_len = (size_t)snprintf(prefix, sizeof prefix, "hof_%s_", roles[i]);
        int rc;

        if (len <= prefix_len || memcmp(text, prefix, prefix_len) != 0)
            continue;
        rc = encoding_base64url_exact(key, sizeof key, text + prefix_len, len - prefix_len);
        sodium_memzero(key, sizeof key);
        return rc == 0 ? roles[i] : NULL;
    }
    return NULL;
}

static enum exit_code read_token_file(struct settings *s)
{
    struct stat st;

    if (stat(s->token_file, &st) == 0 && (st.st_mode & 077) != 0) {
        terminal_say("Others can read the token in %s.", s->token_file);
        terminal_hint(
            "Nothing was done. chmod 600 it; if it is not yours alone, ask for a new one.");
        return EXIT_USAGE;
    }
    s->token = input_file(s->token_file, TOKEN_MAX + 2);
    if (s->token == NULL) {
        terminal_say("The token cannot be read from %s: %s.", s->token_file, strerror(errno));
        terminal_hint("Nothing was done. HANDOFF_TOKEN_FILE, or token-file in the configuration, "
                      "names it.");
        return EXIT_USAGE;
    }
    input_strip_newline(s->token);
    return EXIT_DONE;
}

static enum exit_code check_token(struct settings *s)
{
    s->role = role_of(s->token);
    if (s->role != NULL)
        return EXIT_DONE;
    terminal_say("The token is none: it must be hof_, its role, _ and 43 characters.");
    terminal_hint("Nothing was done. Copy it whole, as the operator gave it.");
    return EXIT_USAGE;
}

/* ---- the file ---- */

/* Keeps the parser's first complaint where the parser itself has room for words. */
__attribute__((format(printf, 2, 0))) static void complain(cfg_t *cfg, const char *format,
                                                           va_list arguments)
{
    if (cfg->comment == NULL && vasprintf(&cfg->comment, format, arguments) < 0)
        cfg->comment = NULL;
}

/* Parses line by line, since libconfuse's own count is off behind comments. Returns the line that
   is wrong, or 0. */
static unsigned parse(cfg_t *cfg, FILE *file)
{
    unsigned line = 1;
    char *text = NULL;
    size_t size = 0;

    ssize_t len;

    while ((len = getline(&text, &size, file)) >= 0 && strlen(text) == (size_t)len &&
           cfg_parse_buf(cfg, text) == CFG_SUCCESS)
        line++;
    free(text);
    return len < 0 && feof(file) ? 0 : line;
}

static int take(char *out, size_t size, cfg_t *cfg, const char *name)
{
    const char *value = cfg_getstr(cfg, name);

    return value == NULL || (size_t)snprintf(out, size, "%s", value) < size ? 0 : -1;
}

static enum exit_code read_file(struct settings *s, const char *path, FILE *file)
{
    cfg_opt_t options[] = {CFG_STR("url", NULL, CFGF_NODEFAULT),
                           CFG_STR("token-file", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    enum exit_code rc = EXIT_DONE;
    unsigned wrong;

    if (cfg == NULL)
        return EXIT_INTERNAL;
    cfg_set_error_function(cfg, complain);
    wrong = parse(cfg, file);
    if (wrong != 0) {
        terminal_say("%s:%u: %s.", path, wrong,
                     cfg->comment != NULL ? cfg->comment : "is not understood");
        terminal_hint("Nothing was done. It has lines url = \"…\" and token-file = \"…\".");
        rc = EXIT_USAGE;
    } else if (take(s->url, sizeof s->url, cfg, "url") != 0 ||
               take(s->token_file, sizeof s->token_file, cfg, "token-file") != 0) {
        terminal_say("%s: a value is too long.", path);
        rc = EXIT_USAGE;
    }
    cfg_free(cfg);
    return rc;
}

static enum exit_code load_file(struct settings *s)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const bool given = config != NULL && config[0] == '/';
    char path[PATH_BYTES];
    enum exit_code rc;
    FILE *file;

    if (!given && home == NULL)
        return EXIT_DONE;
    if ((size_t)snprintf(path, sizeof path, "%s%s/handoff/config", given ? config : home,
                         given ? "" : "/.config") >= sizeof path)
        return EXIT_DONE;
    file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return EXIT_DONE;
    if (file == NULL) {
        terminal_say("%s: %s.", path, strerror(errno));
        return EXIT_USAGE;
    }
    rc = read_file(s, path, file);
    (void)fclose(file);
    return rc;
}

/* ---- both ---- */

static enum exit_code take_variable(char *out, size_t size, const char *name)
{
    const char *value = getenv(name);

    if (value == NULL || value[0] == '\0')
        return EXIT_DONE;
    if ((size_t)snprintf(out, size, "%s", value) < size)
        return EXIT_DONE;
    terminal_say("%s is too long.", name);
    return EXIT_USAGE;
}

enum exit_code settings_load(struct settings *s)
{
    enum exit_code rc;

    if (s->loaded)
        return EXIT_DONE;
    (void)snprintf(s->url, sizeof s->url, "%s", default_url);
    rc = load_file(s);
    if (rc == EXIT_DONE)
        rc = take_variable(s->url, sizeof s->url, "HANDOFF_URL");
    if (rc == EXIT_DONE)
        rc = take_variable(s->token_file, sizeof s->token_file, "HANDOFF_TOKEN_FILE");
    if (rc == EXIT_DONE && s->token == NULL && s->token_file[0] != '\0')
        rc = read_token_file(s);
    if (rc == EXIT_DONE && s->token != NULL)
        rc = check_token(s);
    s->loaded = rc == EXIT_DONE;
    return rc;
}

const char *settings_url(const struct settings *s)
{
    return s->url;
}

const struct secret *settings_token(const struct settings *s)
{
    return s->token;
}

bool settings_of_team(const struct settings *s)
{
    return s->role != NULL && strcmp(s->role, "team") == 0;
}
