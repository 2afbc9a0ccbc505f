/* Any JSON as evidence: refused, or what it shows is told; never good by a key that signed none of
   it. Give it a folder with real bundles to begin with. */
#include "cli/evidence.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {7};
    char why[EVIDENCE_WHY_MAX] = "";
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
    json_decref(bundle);
    return 0;
}
