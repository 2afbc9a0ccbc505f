/* The stages of a request, as libmicrohttpd calls them. ctx is the struct loop. */
#ifndef HANDOFF_API_HANDLER_H
#define HANDOFF_API_HANDLER_H

#include <microhttpd.h>

struct vault_job;

/* The request line is there: the raw target is looked at, and the request made. */
void *handler_target(void *ctx, const char *target, struct MHD_Connection *connection);

/* Header fields, then the body piece by piece, then the answer; where it needs the vault or an
   event, when it is called again. */
enum MHD_Result handler_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **request);

/* The vault has given back the job of a request, which is its owner. */
void handler_answered(struct vault_job *job) __attribute__((nonnull));

/* It is over, however it ended. */
void handler_completed(void *ctx, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code);

#endif
