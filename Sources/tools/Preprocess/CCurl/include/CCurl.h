// One HTTP or file transfer into a file descriptor, over libcurl.
//
// The caller drives it step by step, so nothing calls back into the caller.
#pragma once
#include <stdint.h>

typedef struct ccurl_transfer ccurl_transfer;

typedef struct ccurl_report {
  int finished;     // the transfer is over, well or not
  int code;         // CURLcode of a finished transfer
  int write_error;  // errno of a failed write to the descriptor
  int changed;      // the file on the server is not the one whose beginning lies here
  int answered;     // the reply's headers are known
  long status;      // of the last HTTP reply, 0 for file://
  int64_t have;     // bytes of the file in the descriptor
  int64_t total;    // bytes of the whole file, -1 where the server does not say
  char entity_tag[256];
  char last_modified[64];
} ccurl_report;

/// Loads libcurl, once; returns NULL, or why it cannot be had.
///
/// Has to be called before everything else.
const char *ccurl_load(void);

/// Begins a transfer of `url`.
///
/// `start` bytes of the file are in `descriptor` already; `validator` (an entity tag or a date, may be
/// empty) and `total` (or -1) say which version of the file they belong to. A server that does not
/// honour the range sends the whole file, which then replaces those bytes.
/// Returns NULL when out of memory.
ccurl_transfer *ccurl_begin(const char *url, const char *agent, int descriptor, int64_t start,
                            const char *validator, int64_t total);

/// Works on the transfer for at most `milliseconds`.
void ccurl_step(ccurl_transfer *transfer, int milliseconds);

/// Where the transfer stands.
void ccurl_look(const ccurl_transfer *transfer, ccurl_report *report);

/// Ends the transfer, finished or not.
void ccurl_end(ccurl_transfer *transfer);

/// What a code means, in English.
const char *ccurl_message(int code);

/// Whether the same transfer may well succeed later.
int ccurl_is_transient(int code);

/// Whether the server's name cannot be found.
int ccurl_is_unknown_host(int code);
