#include "api/config/config.h"

#include "api/config/configfile.h"
#include "api/config/option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, HELP_COLUMN = 32 };

static const char usual_directory[] = "/etc/handoff";
static const char credential[] = "handoff-master-key";

/* What the command line gave: a value for each option; and what it asked for. */
struct command_line {
    const char *value[CONFIG_OPTIONS];
    const char *file; /* --config */
    bool help, version;
};

static void print_help(FILE *out)
{
    fprintf(out,
            "Usage: handoffd [OPTION]...\n"
            "       handoffd token|key|backup|restore|check ...   (see handoffd COMMAND --help)\n"
            "Keeps credentials that are handed off once, and the log of it.\n\n");
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &option_rows[i];
        const int n = fprintf(out, "  --%s %s", row->name, row->argument);

        fprintf(out, "%*s%s (%s)\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", row->help,
                row->usual);
    }
    fprintf(out, "  %-*s%s\n  %-*s%s\n  %-*s%s\n", HELP_COLUMN - 2, "--config FILE",
            "the configuration file: the same names, without dashes", HELP_COLUMN - 2, "--help",
            "print this", HELP_COLUMN - 2, "--version", "print the version");
}

/* ---- the command line ---- */

/* Where an option's value belongs; NULL for what takes none, and for what is none. */
static const char **place(struct command_line *l, const char *name, size_t len)
{
    const size_t i = option_find(name, len);

    if (i < CONFIG_OPTIONS)
        return &l->value[i];
    return len == strlen("config") && strncmp(name, "config", len) == 0 ? &l->file : NULL;
}

/* Options are written out in full: an abbreviation could come to mean another one. Returns how many
   arguments were taken, or 0 with why. */
static int take(struct command_line *l, const char *arg, const char *next, char *why,
                size_t why_size)
{
    const size_t len = strcspn(arg, "=");
    const char **value = strncmp(arg, "--", 2) == 0 ? place(l, arg + 2, len - 2) : NULL;

    if (strcmp(arg, "--help") == 0)
        return l->help = true;
    if (strcmp(arg, "--version") == 0)
        return l->version = true;
    if (value == NULL)
        snprintf(why, why_size, "%.*s is no option; see --help", (int)len, arg);
    else if (*value != NULL)
        snprintf(why, why_size, "%.*s is given twice", (int)len, arg);
    else if (arg[len] != '=' && next == NULL)
        snprintf(why, why_size, "%s lacks its value; see --help", arg);
    else {
        *value = arg[len] == '=' ? arg + len + 1 : next;
        return arg[len] == '=' ? 1 : 2;
    }
    return 0;
}

/* ---- the file ---- */

/* Makes the path of a file in the first of the directories that systemd names in a variable
   (between colons). Returns 1, or 0 when the variable is not set or the file not there; what cannot
   be told, for want of a right, is -1 with why: nobody is to be served by other settings than were
   meant. */
static int find_file(char path[PATH_BYTES], const char *directories, const char *name, char *why,
                     size_t why_size)
{
    const int len = (int)strcspn(directories, ":");

    if (snprintf(path, PATH_BYTES, "%.*s/%s", len, directories, name) >= PATH_BYTES)
        errno = ENAMETOOLONG;
    else if (access(path, F_OK) == 0)
        return 1;
    if (errno == ENOENT)
        return 0;
    snprintf(why, why_size, "%s: %s", path, strerror(errno));
    return -1;
}

/* The file that is read though none was named. As find_file. */
static int find_usual(char path[PATH_BYTES], char *why, size_t why_size)
{
    const char *directories = getenv("CONFIGURATION_DIRECTORY");

    return find_file(path, directories != NULL ? directories : usual_directory, "handoffd.conf",
                     why, why_size);
}

/* ---- both together ---- */

/* Sets each option from the command line or else from the file. */
static int apply(struct config *c, const struct command_line *l,
                 const struct configfile_value *file, const char *path, char *why, size_t why_size)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &option_rows[i];

        c->given[i] = l->value[i] != NULL ? l->value[i] : file[i].text;
        /* What the command line overrides must be right too. */
        if (file[i].text != NULL && row->set(c, file[i].text) != 0) {
            snprintf(why, why_size, "%s:%u: %s must be %s", path, file[i].line, row->name,
                     row->must);
            return -1;
        }
        if (l->value[i] != NULL && row->set(c, l->value[i]) != 0) {
            snprintf(why, why_size, "--%s must be %s", row->name, row->must);
            return -1;
        }
    }
    return 0;
}

/* systemd's credential, where there is one and nothing else was said. Returns 0 or -1. */
static int find_credential(struct config *c, char *why, size_t why_size)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_BYTES];
    int rc;

    if (c->master_key != NULL || directory == NULL)
        return 0;
    rc = find_file(path, directory, credential, why, why_size);
    if (rc <= 0)
        return rc;
    c->master_key = configfile_keep(&c->memory, path);
    if (c->master_key == NULL)
        snprintf(why, why_size, "out of memory");
    return c->master_key != NULL ? 0 : -1;
}

static int read_all(struct config *c, const struct command_line *l, char *why, size_t why_size)
{
    struct configfile_value file[CONFIG_OPTIONS] = {0};
    char path[PATH_BYTES];
    const char *name = l->file;
    const char *unfit;
    int found = 0;

    if (name == NULL)
        found = find_usual(path, why, why_size);
    if (found < 0)
        return -1;
    c->file = configfile_keep(&c->memory, name != NULL ? name : path);
    if (c->file == NULL) {
        snprintf(why, why_size, "out of memory");
        return -1;
    }
    if (found > 0)
        name = path;
    if (name != NULL && configfile_read(name, file, &c->memory, why, why_size) != 0)
        return -1;
    if (apply(c, l, file, name, why, why_size) != 0)
        return -1;
    if (find_credential(c, why, why_size) != 0)
        return -1;
    unfit = option_settle(c);
    if (unfit != NULL)
        snprintf(why, why_size, "%s", unfit);
    return unfit == NULL ? 0 : -1;
}

enum config_result config_read(struct config *c, int argc, char **argv, FILE *out, char *why,
                               size_t why_size)
{
    struct command_line l = {0};

    option_defaults(c);
    for (int i = 1, taken; i < argc; i += taken) {
        taken = take(&l, argv[i], i + 1 < argc ? argv[i + 1] : NULL, why, why_size);
        if (taken == 0)
            return CONFIG_WRONG;
    }
    if (l.help)
        print_help(out);
    else if (l.version)
        fprintf(out, "handoffd %s\n", HANDOFF_VERSION);
    if (l.help || l.version)
        return CONFIG_DONE;
    return read_all(c, &l, why, why_size) == 0 ? CONFIG_RUN : CONFIG_WRONG;
}

size_t config_differences(const struct config *running, const struct config *wanted,
                          const char *names[CONFIG_OPTIONS])
{
    size_t count = 0;

    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const char *a = running->given[i], *b = wanted->given[i];
        const bool same = a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;

        if (!same && !option_rows[i].reloadable)
            names[count++] = option_rows[i].name;
    }
    return count;
}

void config_free(struct config *c)
{
    configfile_free(c->memory);
    *c = (struct config){0};
}
