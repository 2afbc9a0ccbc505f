/* Any bytes as a body: what is read as plain, jansson takes too, with the same members. */
#include "tests/support/protocol/json_scan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ROOM = 24 };
    struct json_scan_member members[ROOM];
    size_t count;

    if (size > 0 && json_scan_read(members, ROOM, &count, (const char *)data, size) &&
        json_scan_differs(members, count, (const char *)data, size) != NULL)
        abort();
    return 0;
}
