#include "api/endpoints/endpoints.h"

/* docs/openapi.json, see api/build/embed.c. */
extern const unsigned char openapi_json[];
extern const size_t openapi_json_len;

void openapi_get(struct request *r)
{
    struct text t = request_json(r, openapi_json_len);

    text_bytes(&t, (const char *)openapi_json, openapi_json_len);
    request_reply(r, MHD_HTTP_OK, &t);
}
