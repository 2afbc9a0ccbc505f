#include "api/http/query.h"

#include "vault/protocol/encoding/encoding.h"

#include <stdbool.h>
#include <string.h>

enum { ARGUMENTS_MAX = 16 };

struct reading {
    const struct query_argument *arguments;
    size_t count;
    bool seen[ARGUMENTS_MAX];
    bool wrong;
};

static bool take(const struct query_argument *a, const char *value)
{
    if (a->text != NULL) {
        *a->text = value;
        return true;
    }
    return encoding_u64(a->number, value, strlen(value), a->max) == 0 && *a->number >= a->min;
}

static enum MHD_Result each(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct reading *q = ctx;

    (void)kind;
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(name, q->arguments[i].name) == 0 && !q->seen[i] && value != NULL) {
            q->seen[i] = true;
            q->wrong |= !take(&q->arguments[i], value);
            return MHD_YES;
        }
    q->wrong = true;
    return MHD_YES;
}

const char *query_read(struct request *r, const struct query_argument *arguments, size_t count,
                       const char *wrong)
{
    struct reading q = {.arguments = arguments, .count = count};

    if (count > ARGUMENTS_MAX)
        return wrong;
    (void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, each, &q);
    return q.wrong ? wrong : NULL;
}
