#include "cli/net/connect.h"

#include "cli/io/terminal.h"

#include <string.h>

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

enum exit_code connect_client(struct client **out, struct settings *settings, const char *given)
{
    enum exit_code rc = settings_load(settings);

    if (rc == EXIT_DONE)
        rc = connect_to(out, given != NULL ? given : settings_url(settings),
                        "The address of a service is such as https://handoff.example.com: see "
                        "HANDOFF_URL and --server in handoff(1).");
    if (rc == EXIT_DONE)
        client_show_token(*out, settings_token(settings), settings_of_team(settings));
    return rc;
}

enum exit_code connect_base(struct client **out, struct settings *settings, const char *base)
{
    char own[LINK_BASE_MAX];
    enum exit_code rc = settings_load(settings);

    if (rc == EXIT_DONE)
        rc = connect_to(out, base, "Ask the sender for a link with https.");
    if (rc == EXIT_DONE && link_base(own, settings_url(settings)) == 0 &&
        strcmp(own, client_base(*out)) == 0)
        client_show_token(*out, settings_token(settings), settings_of_team(settings));
    return rc;
}
