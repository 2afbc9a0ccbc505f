/* Passwords that Microsoft 365 accepts and a person can read out. */
#ifndef HANDOFF_CLI_HANDOFF_GENERATE_H
#define HANDOFF_CLI_HANDOFF_GENERATE_H

#include "vault/protocol/encoding/secret.h"

#include <stddef.h>

enum { GENERATE_MIN = 8, GENERATE_MAX = 256, GENERATE_DEFAULT = 20 };

/* Makes a password of len characters (GENERATE_MIN to GENERATE_MAX): upper case, lower case, digits
   and symbols, at least one of each, none that is easily taken for another (I l 1 O 0 o). Each such
   password is equally likely. Returns NULL when memory is short. */
struct secret *generate_password(size_t len) __attribute__((warn_unused_result));

#endif
