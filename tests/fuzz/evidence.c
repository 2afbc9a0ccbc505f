/* Any JSON as evidence, or as a recipient's receipts: refused, or what it shows is told; never good
   by a key that signed none of it. Give it a folder with real files to begin with. */
#include "cli/evidence/evidence.h"
#include "cli/evidence/receiptfile.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_receipts(const json_t *file, const struct note_key *stranger)
{
    char why[BUNDLE_WHY_MAX] = "";
    struct receiptfile found;
    const int rc = receiptfile_check(&found, file, NULL, why);

    if ((rc != 0 && why[0] == '\0') || (rc == 0 && found.receipts_len == 0) ||
        receiptfile_check(&found, file, stranger, why) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {7};
    char why[BUNDLE_WHY_MAX] = "";
    struct evidence found;
    struct note_key stranger;
    json_t *bundle;

    if (sodium_init() < 0)
        abort();
    bundle = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (bundle == NULL)
        return 0;
    if (evidence_check(&found, bundle, NULL, why) != 0 && why[0] == '\0')
        abort();
    note_key_of(&stranger, "stranger.example", seed);
    if (evidence_check(&found, bundle, &stranger, why) == 0)
        abort();
    check_receipts(bundle, &stranger);
    json_decref(bundle);
    return 0;
}
