#include "api/config/configfile.h"

#include "api/config/option.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory ---- */

struct kept {
    struct kept *next;
    char text[];
};

const char *configfile_keep(void **memory, const char *text)
{
    const size_t len = strlen(text) + 1;
    struct kept *k = malloc(sizeof(*k) + len);

    if (k == NULL)
        return NULL;
    memcpy(k->text, text, len);
    k->next = *memory;
    *memory = k;
    return k->text;
}

void configfile_free(void *memory)
{
    for (struct kept *k = memory; k != NULL;) {
        struct kept *next = k->next;

        free(k);
        k = next;
    }
}

/* ---- what libconfuse calls ---- */

enum { SEEN = 1 << 28 }; /* a flag of ours among an option's, which libconfuse leaves alone */

/* Keeps a value as it was written. */
static int place(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    char *copy;

    if (opt->flags & SEEN) {
        cfg_error(cfg, "%s is given twice", opt->name);
        return -1;
    }
    copy = strdup(value);
    if (copy == NULL) {
        cfg_error(cfg, "out of memory");
        return -1;
    }
    *(void **)result = copy;
    opt->flags |= SEEN;
    return 0;
}

/* Keeps the first complaint where the parser itself has room for words, since it hands nothing of
   ours through. */
__attribute__((format(printf, 2, 0))) static void complain(cfg_t *cfg, const char *format,
                                                           va_list arguments)
{
    if (cfg->comment == NULL && vasprintf(&cfg->comment, format, arguments) < 0)
        cfg->comment = NULL;
}

/* ---- reading ---- */

/* Opens the file, unless somebody else could have written it. */
static FILE *open_file(const char *path, char *why, size_t why_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would hold us up */
    FILE *file = NULL;
    struct stat st;

    if (fd < 0) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        snprintf(why, why_size, "%s: must be a regular file", path);
    else if ((st.st_mode & 022) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
        snprintf(why, why_size,
                 "%s: others could change it: it must belong to root or the service's user, and be "
                 "writable by its owner alone (chmod go-w)",
                 path);
    else if ((file = fdopen(fd, "r")) == NULL)
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
    if (file == NULL)
        close(fd);
    return file;
}

/* Takes over what the line gave. Returns 0, or -1 when memory is short. */
static int take_values(cfg_t *cfg, unsigned line, struct configfile_value *values, void **memory)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const char *text = cfg_getptr(cfg, option_rows[i].name);

        if (text == NULL || values[i].text != NULL)
            continue;
        values[i].line = line;
        values[i].text = configfile_keep(memory, text);
        if (values[i].text == NULL)
            return -1;
    }
    return 0;
}

/* Parses line by line, since libconfuse's own count is off behind comments. */
static int parse(cfg_t *cfg, FILE *file, struct configfile_value *values, void **memory,
                 unsigned *line)
{
    char *text = NULL;
    size_t size = 0;
    int rc = 0;

    ssize_t len;

    for (*line = 1; rc == 0 && (len = getline(&text, &size, file)) >= 0; ++*line)
        if (strlen(text) != (size_t)len || cfg_parse_buf(cfg, text) != CFG_SUCCESS ||
            take_values(cfg, *line, values, memory) != 0)
            rc = -1;
    if (rc != 0)
        --*line;
    free(text);
    return ferror(file) ? -1 : rc;
}

int configfile_read(const char *path, struct configfile_value values[CONFIG_OPTIONS], void **memory,
                    char *why, size_t why_size)
{
    cfg_opt_t options[CONFIG_OPTIONS + 1];
    FILE *file = open_file(path, why, why_size);
    cfg_t *cfg = NULL;
    unsigned line;
    int rc = -1;

    if (file == NULL)
        return -1;
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        options[i] = (cfg_opt_t)CFG_PTR_CB(option_rows[i].name, NULL, CFGF_NODEFAULT, place, free);
    options[CONFIG_OPTIONS] = (cfg_opt_t)CFG_END();
    snprintf(why, why_size, "out of memory");
    cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL)
        goto done;
    cfg_set_error_function(cfg, complain);
    rc = parse(cfg, file, values, memory, &line);
    if (rc != 0)
        snprintf(why, why_size, "%s:%u: %s", path, line,
                 cfg->comment != NULL ? cfg->comment : "is not understood");
done:
    cfg_free(cfg);
    fclose(file);
    return rc;
}
