#include "vault/job/job.h"

const char *const vault_text_names[VAULT_TEXTS] = {
    [VAULT_LABEL] = "label",
    [VAULT_SHOWN_LABEL] = "shown_label",
    [VAULT_RECIPIENT] = "recipient",
    [VAULT_REF] = "ref",
};
