#include "api/commands/command.h"
#include "api/http/fields.h"
#include "vault/protocol/encoding/duration.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXPIRES_MIN_S = 60, EXPIRES_MAX_S = 10 * 366 * 86400 };

/* ---- add ---- */

enum add_option { ADD_ROLE, ADD_NAME, ADD_TEAM, ADD_EXPIRES, ADD_OPTIONS };

static const struct command_option add_options[ADD_OPTIONS] = {
    [ADD_ROLE] = {"role", "ROLE", "sender, team, auditor or operator"},
    [ADD_NAME] = {"name", "NAME", "who it is for; the log names it by this, so it is used once"},
    [ADD_TEAM] = {"team", "TEAM", "of the role team: the recipient whose handoffs it sees"},
    [ADD_EXPIRES] = {"expires", "TIME", "when it ends, such as 90d (never)"},
};

static int parse_role(enum vault_role *role, const char *text)
{
    for (enum vault_role i = VAULT_SENDER; i < VAULT_ROLES; i++)
        if (text != NULL && strcmp(text, vault_role_name(i)) == 0) {
            *role = i;
            return 0;
        }
    return -1;
}

static int take_text(char out[VAULT_TEXT_MAX + 1], const char *text)
{
    if (text == NULL || !fields_text_valid(text, strlen(text), VAULT_TEXT_MAX))
        return -1;
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

/* Returns NULL, or what is wrong. */
static const char *read_wish(struct vault_token *t, const struct command_call *call)
{
    uint64_t seconds;

    if (parse_role(&t->role, call->value[ADD_ROLE]) != 0)
        return "--role must be sender, team, auditor or operator";
    if (take_text(t->name, call->value[ADD_NAME]) != 0)
        return "--name must be 1 to 200 bytes of UTF-8 without control characters";
    if ((t->role == VAULT_TEAM) != (call->value[ADD_TEAM] != NULL))
        return "--team goes with the role team, and with no other";
    if (t->role == VAULT_TEAM && take_text(t->team, call->value[ADD_TEAM]) != 0)
        return "--team must be 1 to 200 bytes of UTF-8 without control characters";
    if (call->value[ADD_EXPIRES] == NULL)
        return NULL;
    if (duration_parse(&seconds, call->value[ADD_EXPIRES], EXPIRES_MIN_S, EXPIRES_MAX_S) != 0)
        return "--expires must be a number and a unit, such as 12h, 90d or 52w, up to ten years";
    t->expires_at = (int64_t)time(NULL) + (int64_t)seconds;
    return NULL;
}

/* The token is the only line on stdout, so that it can go straight where it is needed. */
static int print_token(const struct vault_token *t, const uint8_t token[32])
{
    char text[ENCODING_BASE64URL_LEN(32) + 1];
    int status;

    encoding_base64url(text, token, 32);
    printf("hof_%s_%s\n", vault_role_name(t->role), text);
    sodium_memzero(text, sizeof(text));
    status = command_printed();
    if (status == COMMAND_DONE)
        fprintf(stderr, "This is the only time that it is shown; the service keeps a hash.\n");
    else
        fprintf(stderr, "The token was made, but not shown: revoke it and make another one.\n");
    return status;
}

static int run_add(const struct command_call *call)
{
    struct vault_token t = {0};
    const char *wrong = read_wish(&t, call);
    char why[COMMAND_WHY_MAX];
    uint8_t token[32];
    struct admin *a;
    int status;

    if (wrong != NULL)
        return command_usage(wrong);
    a = command_admin(call, true);
    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_add_token(a, &t, token, why, sizeof(why)) == 0)
        status = print_token(&t, token);
    else
        status = command_fail(why);
    sodium_memzero(token, sizeof(token));
    admin_close(a);
    return status;
}

const struct command command_token_add = {
    .name = "token",
    .verb = "add",
    .summary = "Makes a token and prints it, once.",
    .options = add_options,
    .options_len = ADD_OPTIONS,
    .run = run_add,
};

/* ---- list ---- */

enum list_option { LIST_JSON, LIST_OPTIONS };

static const struct command_option list_options[LIST_OPTIONS] = {
    [LIST_JSON] = {"json", NULL, "print one JSON array"},
};

struct listed {
    struct vault_token *tokens;
    size_t count;
    bool short_of_memory;
};

static void keep(void *ctx, const struct vault_token *t)
{
    struct listed *l = ctx;
    struct vault_token *more;

    /* Doubles at powers of two; what is copied is no secret: the tokens themselves are not there.
     */
    if ((l->count & (l->count + 1)) == 0 || l->tokens == NULL) {
        more = realloc(l->tokens, (2 * l->count + 2) * sizeof(*more));
        if (more == NULL) {
            l->short_of_memory = true;
            return;
        }
        l->tokens = more;
    }
    l->tokens[l->count++] = *t;
}

static int by_age(const void *a, const void *b)
{
    const struct vault_token *x = a, *y = b;

    if (x->created_at != y->created_at)
        return x->created_at < y->created_at ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const char *standing(const struct vault_token *t, int64_t now)
{
    if (t->revoked_at != 0)
        return "revoked";
    return t->expires_at != 0 && t->expires_at <= now ? "expired" : "valid";
}

static void print_date(int64_t at)
{
    const time_t t = (time_t)at;
    char text[32] = "never";
    struct tm local;

    if (at != 0 && localtime_r(&t, &local) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
    printf("%-16s  ", text);
}

static void print_tokens(const struct listed *l)
{
    const int64_t now = (int64_t)time(NULL);

    if (l->count > 0)
        printf("%-8s  %-7s  %-16s  %-16s  name (team)\n", "role", "is", "made", "expires");
    for (size_t i = 0; i < l->count; i++) {
        const struct vault_token *t = &l->tokens[i];

        printf("%-8s  %-7s  ", vault_role_name(t->role), standing(t, now));
        print_date(t->created_at);
        print_date(t->expires_at);
        printf(t->team[0] != '\0' ? "%s (%s)\n" : "%s%s\n", t->name, t->team);
    }
}

static void print_json_text(const char *name, const char *value)
{
    char buffer[6 * VAULT_TEXT_MAX + 3];
    struct text t = text_into(buffer, sizeof(buffer));

    text_json_string(&t, value, strlen(value));
    printf(",\"%s\":%.*s", name, (int)t.len, t.data);
}

static void print_json(const struct listed *l)
{
    const int64_t now = (int64_t)time(NULL);

    printf("[");
    for (size_t i = 0; i < l->count; i++) {
        const struct vault_token *t = &l->tokens[i];

        printf("%s{\"role\":\"%s\",\"standing\":\"%s\"", i > 0 ? "," : "", vault_role_name(t->role),
               standing(t, now));
        print_json_text("name", t->name);
        if (t->team[0] != '\0')
            print_json_text("team", t->team);
        printf(",\"created_at\":%" PRId64, t->created_at);
        if (t->expires_at != 0)
            printf(",\"expires_at\":%" PRId64, t->expires_at);
        if (t->revoked_at != 0)
            printf(",\"revoked_at\":%" PRId64, t->revoked_at);
        printf("}");
    }
    printf("]\n");
}

static int run_list(const struct command_call *call)
{
    struct admin *a = command_admin(call, false);
    char why[COMMAND_WHY_MAX] = "out of memory";
    struct listed l = {0};
    int status;

    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_tokens(a, keep, &l, why, sizeof(why)) != 0 || l.short_of_memory) {
        status = command_fail(why);
    } else {
        if (l.count > 0)
            qsort(l.tokens, l.count, sizeof(*l.tokens), by_age);
        if (call->value[LIST_JSON] != NULL)
            print_json(&l);
        else
            print_tokens(&l);
        status = command_printed();
    }
    free(l.tokens);
    admin_close(a);
    return status;
}

const struct command command_token_list = {
    .name = "token",
    .verb = "list",
    .summary = "Lists the tokens there are and were, oldest first.",
    .options = list_options,
    .options_len = LIST_OPTIONS,
    .run = run_list,
};

/* ---- revoke ---- */

static int run_revoke(const struct command_call *call)
{
    struct admin *a = command_admin(call, false);
    char why[COMMAND_WHY_MAX];
    int status = COMMAND_DONE;

    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_revoke_token(a, call->word, why, sizeof(why)) != 0)
        status = command_fail(why);
    else
        fprintf(stderr, "It is refused from now on, also by a service that runs.\n");
    admin_close(a);
    return status;
}

const struct command command_token_revoke = {
    .name = "token",
    .verb = "revoke",
    .word = "NAME",
    .summary = "Revokes the token of this name.",
    .run = run_revoke,
};
