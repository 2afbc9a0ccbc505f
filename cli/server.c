#include "cli/server.h"

#include "cli/terminal.h"

#include <stdlib.h>

static const char default_url[] = "http://127.0.0.1:8088";

static enum exit_code connect_to(struct client **out, const char *url, const char *next)
{
    const char *why;

    *out = client_new(url, &why);
    if (*out != NULL)
        return EXIT_DONE;
    terminal_say("%s: %s.", url, why);
    terminal_hint("Nothing was done. %s", next);
    return EXIT_USAGE;
}

enum exit_code server_client(struct client **out, const char *given)
{
    const char *url = given != NULL ? given : getenv("HANDOFF_URL");

    return connect_to(out, url != NULL && url[0] != '\0' ? url : default_url,
                      "Give --server or HANDOFF_URL the address of the service.");
}

enum exit_code server_of(struct client **out, const char *base)
{
    return connect_to(out, base, "Ask the sender for a link with https.");
}
