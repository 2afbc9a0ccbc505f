#include "api/pages/pages.h"

#include "api/http/accept.h"

#include <string.h>

static const char folder[] = "assets/";
static const char usual_language[] = "en";

const char *pages_coding_name(enum pages_coding coding)
{
    static const char *const names[PAGES_CODINGS] = {[PAGES_GZIP] = "gzip", [PAGES_BROTLI] = "br"};

    return names[coding];
}

enum pages_coding pages_coding_for(const char *accept)
{
    enum pages_coding best = PAGES_IDENTITY;
    int most = 0;

    /* Brotli comes last, and wins against gzip where both are as welcome: it is the smaller. */
    for (enum pages_coding coding = PAGES_GZIP; coding < PAGES_CODINGS; coding++) {
        const int weight = accept_weight(accept, pages_coding_name(coding));

        if (weight > 0 && weight >= most) {
            most = weight;
            best = coding;
        }
    }
    return best;
}

const struct pages_file *pages_page(const char *name, const char *asked, const char *accept)
{
    const struct pages_file *best = NULL;
    int most = 0;

    for (size_t i = 0; i < pages_files_len; i++) {
        const struct pages_file *file = &pages_files[i];
        int weight;

        if (file->language == NULL || strcmp(file->name, name) != 0)
            continue;
        if (asked != NULL && strcmp(file->language, asked) == 0)
            return file;
        weight = accept_weight(accept, file->language);
        if (best == NULL || weight > most ||
            (weight == most && strcmp(file->language, usual_language) == 0)) {
            most = weight;
            best = file;
        }
    }
    return best;
}

const struct pages_file *pages_asset(const char *name)
{
    for (size_t i = 0; i < pages_files_len; i++)
        if (strncmp(pages_files[i].name, folder, sizeof(folder) - 1) == 0 &&
            strcmp(pages_files[i].name + sizeof(folder) - 1, name) == 0)
            return &pages_files[i];
    return NULL;
}
