/* SANITIZED: whether this is built with AddressSanitizer or ThreadSanitizer, which keep memory of
   their own, leave locking it out, and do not follow a change of stacks. */
#ifndef HANDOFF_TESTS_UNIT_SANITIZED_H
#define HANDOFF_TESTS_UNIT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
