#include "cli/log/fetch.h"

#include "cli/io/progress.h"
#include "cli/io/terminal.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAGE = 1000, BUSY_DEFAULT_S = 5, AWAY_PAUSE_S = 2, AWAY_TRIES = 6 };

/* Gives the lines of one answer. */
static enum exit_code give(struct fetch *f, const struct client_reply *reply)
{
    const char *at = reply->data, *end = reply->data + reply->len;
    enum exit_code rc = EXIT_DONE;

    while (rc == EXIT_DONE && at < end && f->next < f->size) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        if (stop == NULL)
            break;
        rc = f->each(f->ctx, f->next, at, (size_t)(stop - at));
        if (rc == EXIT_DONE)
            f->next++;
        at = stop + 1;
    }
    return rc;
}

static enum exit_code missing(const struct fetch *f)
{
    terminal_say("EVENT %" PRIu64 " OF THE LOG IS MISSING: the service has signed %" PRIu64
                 " events and cannot show this one.",
                 f->next, f->size);
    terminal_hint("Its operator finds more with handoffd check.");
    return EXIT_UNVERIFIED;
}

static void wait_for(unsigned seconds)
{
    const struct timespec pause = {.tv_sec = seconds};

    (void)nanosleep(&pause, NULL);
}

/* Whether a service that does not answer may just be starting again. */
static bool may_come_back(struct fetch *f, const struct client_reply *reply)
{
    return (reply->status == 0 || reply->status >= 500) && ++f->failures < AWAY_TRIES;
}

static enum exit_code read_page(struct fetch *f)
{
    struct client_reply reply;
    const uint64_t before = f->next;
    enum exit_code rc = EXIT_DONE;
    char path[128];

    (void)snprintf(path, sizeof path, "%s?start=%" PRIu64 "&limit=%d", f->path, f->next, (int)PAGE);
    if (service_audit_log(f->client, path, &reply)) {
        f->failures = 0;
        rc = give(f, &reply);
        if (rc == EXIT_DONE && f->next == before)
            rc = missing(f);
    } else if (reply.status == 429) {
        wait_for(reply.retry_s > 0 ? reply.retry_s : BUSY_DEFAULT_S);
    } else if (reply.status == 404) {
        rc = missing(f);
    } else if (may_come_back(f, &reply)) {
        wait_for(AWAY_PAUSE_S);
    } else {
        rc = problem_say(f->client, &reply, NULL);
        if (f->next > 0)
            terminal_hint("%" PRIu64 " of %" PRIu64 " events were read.", f->next, f->size);
    }
    client_reply_clear(&reply);
    return rc;
}

enum exit_code fetch_lines(struct fetch *f)
{
    enum exit_code rc = EXIT_DONE;
    struct progress p;

    progress_begin(&p, f->what, f->size);
    while (rc == EXIT_DONE && f->next < f->size) {
        progress_tell(&p, f->next);
        rc = read_page(f);
    }
    progress_end(&p);
    return rc;
}
