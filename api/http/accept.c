#include "api/http/accept.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char blank[] = " \t";

/* The weight behind an item's name, such as ";q=0.5": at most three digits; -1 when malformed. */
static int weight(const char *parameters, size_t len)
{
    int value = 0, unit = 100;

    while (len > 0 && (*parameters == ';' || strchr(blank, *parameters) != NULL)) {
        parameters++;
        len--;
    }
    if (len == 0)
        return ACCEPT_BEST;
    if (len < 3 || strncasecmp(parameters, "q=", 2) != 0)
        return -1;
    if (parameters[2] != '0' && parameters[2] != '1')
        return -1;
    value = (parameters[2] - '0') * ACCEPT_BEST;
    if (len > 3 && parameters[3] != '.')
        return strchr(blank, parameters[3]) != NULL ? value : -1;
    for (size_t i = 4; i < len && strchr(blank, parameters[i]) == NULL; i++, unit /= 10) {
        if (parameters[i] < '0' || parameters[i] > '9' || unit == 0)
            return -1;
        value += (parameters[i] - '0') * unit;
    }
    return value <= ACCEPT_BEST ? value : -1;
}

static bool is_named(const char *item, size_t len, const char *name)
{
    const size_t name_len = strlen(name);

    return len >= name_len && strncasecmp(item, name, name_len) == 0 &&
           (len == name_len || item[name_len] == '-');
}

int accept_weight(const char *field, const char *name)
{
    int named = ACCEPT_UNNAMED, any = ACCEPT_UNNAMED;

    for (const char *item = field; item != NULL;) {
        size_t len, name_len;
        int w;

        item += strspn(item, " \t,");
        len = strcspn(item, ",");
        if (len == 0)
            break;
        name_len = strcspn(item, ",; \t");
        w = weight(item + name_len, len - name_len);
        if (w >= 0 && is_named(item, name_len, name))
            named = w > named ? w : named;
        else if (w >= 0 && name_len == 1 && item[0] == '*')
            any = w;
        item += len;
    }
    return named != ACCEPT_UNNAMED ? named : any;
}
