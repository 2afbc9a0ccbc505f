#include "api/commands/command.h"
#include "api/net/tls.h"

#include "vault/protocol/encoding/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum option { JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [JSON] = {"json", NULL, "print one JSON array"},
};

enum finding { FINE, WARNING, FAULT };

enum {
    SPACE_FAULT = 64 << 20,
    SPACE_WARNING = 1 << 30,
    CLOCK_SLACK_S = 60,
    LOCKED_BYTES = 1 << 20,
    FILES_WANTED = 4096,
    EXPIRY_DAYS = 14
};

struct report {
    bool json;
    bool first;
    enum finding worst;
};

/* Tells one thing: what was looked at, what was found, and what to do (empty: nothing). */
static void tell(struct report *r, enum finding found, const char *what, const char *words,
                 const char *todo)
{
    static const char *const names[] = {"ok", "warning", "FAULT"};

    if (found > r->worst)
        r->worst = found;
    if (!r->json) {
        printf("%-8s %-14s %s\n", names[found], what, words);
        if (todo[0] != '\0')
            printf("%-8s %-14s → %s\n", "", "", todo);
        return;
    }
    {
        char buffer[4 * COMMAND_WHY_MAX];
        struct text t = text_into(buffer, sizeof(buffer));

        text_add(&t, r->first ? "[{\"what\":" : ",{\"what\":");
        text_json_string(&t, what, strlen(what));
        text_add(&t, ",\"found\":");
        text_json_string(&t, found == FAULT ? "fault" : names[found], strlen(names[found]));
        text_add(&t, ",\"words\":");
        text_json_string(&t, words, strlen(words));
        text_add(&t, ",\"todo\":");
        text_json_string(&t, todo, strlen(todo));
        text_add(&t, "}");
        printf("%.*s", (int)t.len, t.data);
        r->first = false;
    }
}

/* ---- what is looked at ---- */

static void check_directory(struct report *r, const struct config *c)
{
    struct stat st;

    if (stat(c->data, &st) != 0)
        tell(r, FAULT, "directory", "the data directory is not there",
             "name it with --data or in the configuration; the service's first start makes it");
    else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        tell(r, FAULT, "directory", "the data directory does not belong to this user",
             "run this command as the service's user");
    else if ((st.st_mode & 077) != 0)
        tell(r, WARNING, "directory", "others may look into the data directory",
             "chmod 700 it: its files are protected, their names and sizes are not");
    else
        tell(r, FINE, "directory", c->data, "");
}

static void check_space(struct report *r, const struct config *c)
{
    struct statvfs fs;
    uint64_t left, all;
    char words[128];

    if (statvfs(c->data, &fs) != 0)
        return; /* told before */
    left = (uint64_t)fs.f_bavail * fs.f_frsize;
    all = (uint64_t)fs.f_blocks * fs.f_frsize;
    snprintf(words, sizeof(words), "%" PRIu64 " MiB of %" PRIu64 " MiB are free", left >> 20,
             all >> 20);
    if (left < SPACE_FAULT)
        tell(r, FAULT, "disk", words,
             "make room now: when it is full nothing can be recorded, and the service answers 503");
    else if (left < SPACE_WARNING && left < all / 10)
        tell(r, WARNING, "disk", words, "make room soon");
    else
        tell(r, FINE, "disk", words, "");
}

static void check_certificate(struct report *r, const struct config *c)
{
    const struct log quiet = {.threshold = LOG_LEVEL_ERROR};
    char why[COMMAND_WHY_MAX], words[128];
    struct tls *tls;
    int64_t days;

    if (c->tls_cert == NULL)
        return;
    tls = tls_new();
    if (tls == NULL || tls_load(tls, c->tls_cert, c->tls_key, &quiet, why, sizeof(why)) != 0) {
        tell(r, FAULT, "certificate", tls != NULL ? why : "out of memory",
             "mend it; a service that runs keeps the pair that it has until SIGHUP finds a good "
             "one");
    } else {
        days = (tls_expires_at(tls) - (int64_t)time(NULL)) / 86400;
        snprintf(words, sizeof(words), "fits its key, and expires in %" PRId64 " days", days);
        tell(r,
             days < 0             ? FAULT
             : days < EXPIRY_DAYS ? WARNING
                                  : FINE,
             "certificate", words,
             days < EXPIRY_DAYS ? "renew it, then send the service SIGHUP" : "");
    }
    tls_free(tls);
}

static void check_limits(struct report *r)
{
    struct rlimit locked, files;

    if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < LOCKED_BYTES)
        tell(r, WARNING, "memory", "little memory can be locked: keys could reach the swap space",
             "set LimitMEMLOCK=1M or more in the unit (ulimit -l)");
    else
        tell(r, FINE, "memory", "enough can be locked", "");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < FILES_WANTED)
        tell(r, WARNING, "files", "few files may be open at once: each connection is one",
             "set LimitNOFILE=16384 in the unit (ulimit -Hn)");
    else
        tell(r, FINE, "files", "enough may be open at once", "");
}

static void check_clock(struct report *r, const struct admin_health *h)
{
    const int64_t behind = h->last_event_at - (int64_t)time(NULL);
    char words[128];

    if (behind > CLOCK_SLACK_S) {
        snprintf(words, sizeof(words), "the clock is %" PRId64 " s behind the newest event",
                 behind);
        tell(r, WARNING, "clock", words,
             "set it right; until it has caught up the service goes on with the log's time");
    } else {
        tell(r, FINE, "clock", "not behind the log", "");
    }
}

static void check_keys(struct report *r, const struct admin_health *h)
{
    char words[128];

    if (h->keys > 1) {
        snprintf(words, sizeof(words), "a rotation to key %u is under way", h->key);
        tell(r, WARNING, "master key", words,
             "the running service finishes it; without one, handoffd key rotate does");
    } else {
        snprintf(words, sizeof(words), "key %u, the one that the database was made under", h->key);
        tell(r, FINE, "master key", words, "");
    }
}

static void check_log_key(struct report *r, struct admin *a)
{
    char why[COMMAND_WHY_MAX], text[NOTE_KEY_MAX];
    struct note_key key;

    if (admin_log_key(a, &key, why, sizeof(why)) != 0) {
        tell(
            r, FAULT, "log key", "log.key is missing, or not the key that signs this log",
            "put it back from where it is kept safe; if it is lost: handoffd key rotate-log --lost "
            "--name NAME");
        return;
    }
    note_key_format(text, &key);
    tell(r, FINE, "log key", text, "");
}

static void check_database(struct report *r, struct admin *a)
{
    char why[COMMAND_WHY_MAX];
    struct admin_verdict verdict;
    struct admin_health h;
    char words[240];

    if (admin_health(a, &h, why, sizeof(why)) != 0) {
        tell(r, FAULT, "database", why, "restore the newest backup into a new directory");
        return;
    }
    check_keys(r, &h);
    check_log_key(r, a);
    if (admin_verify(a, &verdict, why, sizeof(why)) != 0)
        tell(r, FAULT, "database", why,
             "stop the service, keep a copy of the directory, and restore the newest backup into a "
             "new one; who changed it can be told from the hosts' own logs alone");
    else {
        snprintf(words, sizeof(words),
                 "sound: %" PRIu64
                 " events, each as it was written and signed (%u checkpoints); %" PRIu64
                 " handoffs live (%" PRIu64 " KiB)",
                 verdict.events, verdict.checkpoints, h.live, h.live_bytes >> 10);
        tell(r, FINE, "database", words, "");
    }
    check_clock(r, &h);
    if (h.due > 0 && !admin_beside_service(a)) {
        snprintf(words, sizeof(words), "%" PRIu64 "%s handoffs are due to be burned", h.due,
                 h.due >= 1000 ? " or more" : "");
        tell(r, WARNING, "due", words, "start the service: it burns them at once");
    }
}

static void check_service(struct report *r, const struct admin *a)
{
    if (admin_beside_service(a))
        tell(r, FINE, "service", "runs on this directory", "");
    else
        tell(r, WARNING, "service", "does not run on this directory", "start it");
}

static int run(const struct command_call *call)
{
    struct report r = {.json = call->value[JSON] != NULL, .first = true};
    const struct config *c = &call->config;
    const struct admin_options where = {.dir = c->data, .key = c->master_key, .look = true};
    char why[COMMAND_WHY_MAX];
    struct admin *a;

    tell(&r, FINE, "configuration", "understood", "");
    check_directory(&r, c);
    check_space(&r, c);
    check_certificate(&r, c);
    check_limits(&r);
    if (r.worst < FAULT) {
        a = admin_open(&where, why, sizeof(why));
        if (a == NULL) {
            tell(&r, FAULT, "database", why, "do what it says, then check again");
        } else {
            check_service(&r, a);
            check_database(&r, a);
        }
        admin_close(a);
    }
    if (r.json)
        printf("]\n");
    if (command_printed() != COMMAND_DONE)
        return COMMAND_FAILED;
    return r.worst == FAULT ? COMMAND_FAILED : COMMAND_DONE;
}

const struct command command_check = {
    .name = "check",
    .summary = "Looks at configuration, keys, database, disk and clock, and says what to do.",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
