#include "api/pages/pages.h"
#include "api/endpoints/endpoints.h"

#include <string.h>

static const char *header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static void give(struct request *r, const struct pages_file *file)
{
    const enum pages_coding coding = pages_coding_for(header(r, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    const struct pages_form *form = &file->form[coding];

    request_reply_file(r, pages_bytes + form->offset, form->len, file->type);
    r->reply.coding = pages_coding_name(coding);
    r->reply.language = file->language;
}

/* Every page is the same for everybody: what it is about stands in its address, which its scripts
   read. So a link that was cut off gets its page too. */
static void give_page(struct request *r, const char *name)
{
    const char *asked = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, "lang");

    give(r, pages_page(name, asked, header(r, MHD_HTTP_HEADER_ACCEPT_LANGUAGE)));
}

void pages_submit(struct request *r)
{
    give_page(r, "submit.html");
}

void pages_redeem(struct request *r)
{
    give_page(r, "redeem.html");
}

void pages_follow(struct request *r)
{
    give_page(r, "follow.html");
}

void pages_get_asset(struct request *r)
{
    const struct pages_file *file = pages_asset(r->rest);

    if (file == NULL)
        request_refuse(r, PROBLEM_NOT_FOUND,
                       "There is no such file. After an upgrade of the service the page has to be "
                       "loaded anew.");
    else
        give(r, file);
}
