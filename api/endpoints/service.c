#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"

enum { REPLY_MAX = 256 };

void service_get(struct request *r)
{
    struct text t = request_json(r, REPLY_MAX);

    text_add(&t, "{\"version\":\"" HANDOFF_VERSION "\",\"submissions\":");
    text_add(&t, service_config(r->service)->submissions_open ? "\"open\"" : "\"token\"");
    text_add(&t, ",\"envelope_max\":");
    text_i64(&t, (int64_t)service_config(r->service)->envelope_max);
    text_add(&t, ",\"expires_max\":");
    text_i64(&t, VAULT_EXPIRES_MAX_S);
    text_add(&t, "}");
    request_reply(r, MHD_HTTP_OK, &t);
}
