/* The table of all calls, for the router, the metrics and the tests. A new call is a row here. */
#ifndef HANDOFF_API_ENDPOINTS_ROUTES_H
#define HANDOFF_API_ENDPOINTS_ROUTES_H

#include "api/http/router.h"

extern const struct router_table routes;

#endif
