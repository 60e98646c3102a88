#define _GNU_SOURCE  // pwrite and ftruncate under -std=c11
#include "CCurl.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

// What is used of libcurl. It is loaded when a download begins: with the libraries that it needs it
// takes 3 ms, a tenth of what a short run of the program takes altogether.
#define FUNCTIONS(USE)                                                                                \
  USE(easy_cleanup) USE(easy_getinfo) USE(easy_init) USE(easy_setopt) USE(easy_strerror)              \
  USE(multi_add_handle) USE(multi_cleanup) USE(multi_info_read) USE(multi_init)                       \
  USE(multi_perform) USE(multi_poll) USE(multi_remove_handle) USE(slist_append)                       \
  USE(slist_free_all)

static struct {
#define USE(name) __typeof__(&curl_##name) name;
  FUNCTIONS(USE)
#undef USE
} curl;
static char load_failure[256];

static void load(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  int is_whole = library != NULL;
#define USE(name) \
  if (is_whole) is_whole = (curl.name = (__typeof__(&curl_##name))dlsym(library, "curl_" #name)) != NULL;
  FUNCTIONS(USE)
#undef USE
  if (!is_whole) snprintf(load_failure, sizeof load_failure, "%s", dlerror());
}

const char *ccurl_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return load_failure[0] ? load_failure : NULL;
}

struct ccurl_transfer {
  CURLM *multi;
  CURL *easy;
  struct curl_slist *headers;
  int descriptor;
  int body_begun;
  int keep_body;
  int64_t wanted_start;
  int64_t wanted_total;
  int64_t range_start;  // of the reply's Content-Range, -1 without one
  char validator[256];
  ccurl_report report;
};

// Copies a header's value without the blanks around it.
static void copy_value(char *target, size_t room, const char *value, size_t length) {
  while (length > 0 && isspace((unsigned char)*value)) value++, length--;
  while (length > 0 && isspace((unsigned char)value[length - 1])) length--;
  if (length >= room) length = 0;
  memcpy(target, value, length);
  target[length] = 0;
}

static int is_header(const char *line, size_t length, const char *name) {
  size_t count = strlen(name);
  return length > count && strncasecmp(line, name, count) == 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
  ccurl_transfer *t = context;
  size_t length = size * count;
  char value[128];
  if (is_header(line, length, "HTTP/")) {
    // A redirection brings several replies; the last one counts.
    t->report.total = -1;
    t->range_start = -1;
    t->report.entity_tag[0] = t->report.last_modified[0] = 0;
  } else if (is_header(line, length, "ETag:")) {
    copy_value(t->report.entity_tag, sizeof t->report.entity_tag, line + 5, length - 5);
  } else if (is_header(line, length, "Last-Modified:")) {
    copy_value(t->report.last_modified, sizeof t->report.last_modified, line + 14, length - 14);
  } else if (is_header(line, length, "Content-Length:")) {
    copy_value(value, sizeof value, line + 15, length - 15);
    if (t->range_start < 0) t->report.total = strtoll(value, NULL, 10);
  } else if (is_header(line, length, "Content-Range:")) {
    int64_t first = 0, last = 0, total = 0;
    copy_value(value, sizeof value, line + 14, length - 14);
    if (sscanf(value, "bytes %" SCNd64 "-%" SCNd64 "/%" SCNd64, &first, &last, &total) == 3) {
      t->range_start = first;
      t->report.total = total;
    } else if (sscanf(value, "bytes */%" SCNd64, &total) == 1) {
      t->range_start = 0;
      t->report.total = total;
    }
  }
  return length;
}

// Decides what to do with a reply's body; returns 0 when it must not be used.
static int begin_body(ccurl_transfer *t) {
  t->body_begun = 1;
  curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->report.status);
  if (t->report.status == 206) {
    const char *tag = t->validator[0] == '"' ? t->report.entity_tag : t->report.last_modified;
    int other_version = t->validator[0] && tag[0] && strcmp(tag, t->validator) != 0;
    int other_size = t->wanted_total >= 0 && t->report.total != t->wanted_total;
    if (t->range_start != t->wanted_start || other_version || other_size) {
      t->report.changed = 1;
      return 0;
    }
  } else if (t->report.status == 200 || t->report.status == 0) {
    if (ftruncate(t->descriptor, 0) != 0) {
      t->report.write_error = errno;
      return 0;
    }
    t->report.have = 0;
    if (t->report.status == 0) {
      curl_off_t length = -1;
      curl.easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      t->report.total = length;
    }
  } else {
    return 1;  // the text of an error page is read and dropped
  }
  t->keep_body = 1;
  t->report.answered = 1;
  return 1;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
  ccurl_transfer *t = context;
  size_t length = size * count, done = 0;
  if (!t->body_begun && !begin_body(t)) return 0;
  if (!t->keep_body) return length;
  while (done < length) {
    ssize_t written = pwrite(t->descriptor, bytes + done, length - done, t->report.have);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      t->report.write_error = errno;
      return 0;
    }
    done += (size_t)written;
    t->report.have += written;
  }
  return length;
}

ccurl_transfer *ccurl_begin(const char *url, const char *agent, int descriptor, int64_t start,
                            const char *validator, int64_t total) {
  ccurl_transfer *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->multi = curl.multi_init();
  t->easy = curl.easy_init();
  if (!t->multi || !t->easy) {
    ccurl_end(t);
    return NULL;
  }
  t->descriptor = descriptor;
  t->wanted_start = start;
  t->wanted_total = total;
  t->range_start = -1;
  t->report.have = start;
  t->report.total = -1;
  snprintf(t->validator, sizeof t->validator, "%s", validator);

  CURL *easy = t->easy;
  curl.easy_setopt(easy, CURLOPT_URL, url);
  curl.easy_setopt(easy, CURLOPT_USERAGENT, agent);
  curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl.easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
  curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L);
  curl.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 60L);
  curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl.easy_setopt(easy, CURLOPT_HEADERDATA, t);
  curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl.easy_setopt(easy, CURLOPT_WRITEDATA, t);
  if (start > 0) {
    char text[300];
    snprintf(text, sizeof text, "Range: bytes=%" PRId64 "-", start);
    t->headers = curl.slist_append(t->headers, text);
    // A weak entity tag (W/"…") may not be used here.
    if (validator[0] == '"' || isalpha((unsigned char)validator[0])) {
      snprintf(text, sizeof text, "If-Range: %s", validator);
      t->headers = curl.slist_append(t->headers, text);
    }
    curl.easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
  }
  curl.multi_add_handle(t->multi, easy);
  return t;
}

void ccurl_step(ccurl_transfer *t, int milliseconds) {
  int running = 0, waiting = 0;
  if (t->report.finished) return;
  curl.multi_poll(t->multi, NULL, 0, milliseconds, NULL);
  CURLMcode failure = curl.multi_perform(t->multi, &running);
  if (failure != CURLM_OK) {
    t->report.finished = 1;
    t->report.code = CURLE_FAILED_INIT;
    return;
  }
  for (CURLMsg *message; (message = curl.multi_info_read(t->multi, &waiting));) {
    if (message->msg != CURLMSG_DONE) continue;
    t->report.finished = 1;
    t->report.code = (int)message->data.result;
    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->report.status);
    // A reply without a single byte of body still decides what becomes of the bytes that are here.
    if (message->data.result == CURLE_OK && !t->body_begun) begin_body(t);
  }
}

void ccurl_look(const ccurl_transfer *t, ccurl_report *report) { *report = t->report; }

void ccurl_end(ccurl_transfer *t) {
  if (t->easy && t->multi) curl.multi_remove_handle(t->multi, t->easy);
  if (t->easy) curl.easy_cleanup(t->easy);
  if (t->multi) curl.multi_cleanup(t->multi);
  curl.slist_free_all(t->headers);
  free(t);
}

const char *ccurl_message(int code) { return curl.easy_strerror((CURLcode)code); }

int ccurl_is_transient(int code) {
  switch (code) {
  case CURLE_COULDNT_CONNECT:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_PARTIAL_FILE:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
  case CURLE_SSL_CONNECT_ERROR:
    return 1;
  default:
    return 0;
  }
}

int ccurl_is_unknown_host(int code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY;
}
