// A whole JSON document as a tree, for vocabularies and manifests.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parsed document; its nodes live as long as it does.
typedef struct csj_document csj_document;

/// A value in a document.
typedef struct {
  uint64_t words[2];
} csj_node;

/// What a value is.
typedef enum {
  CSJ_OBJECT,
  CSJ_ARRAY,
  CSJ_STRING,
  CSJ_INTEGER,
  CSJ_DOUBLE,
  CSJ_BOOLEAN,
  CSJ_NULL,
} csj_kind;

/// A place in an object or an array.
typedef struct {
  uint64_t next[2];
  uint64_t end[2];
  bool is_object;
} csj_cursor;

/// Parses a document; returns null and sets `*error` where it is not one.
csj_document *csj_document_parse(const uint8_t *bytes, size_t length, int *error);
void csj_document_free(csj_document *document);
/// The sentence for an error.
const char *csj_error_message(int error);

csj_node csj_document_root(const csj_document *document);
csj_kind csj_node_kind(csj_node node);
/// The number of children of an object or an array, at most 2^24 - 1; 0 for other values.
size_t csj_node_size(csj_node node);
/// The bytes of a string; null for other values.
const char *csj_node_string(csj_node node, size_t *length);
/// Sets `*value` and returns true for an integer that fits.
bool csj_node_integer(csj_node node, int64_t *value);
/// Sets `*value` and returns true for a number.
bool csj_node_double(csj_node node, double *value);
/// Sets `*value` and returns true for a Boolean.
bool csj_node_boolean(csj_node node, bool *value);

/// Starts at the first child of an object or an array; false for other values.
bool csj_cursor_start(csj_node node, csj_cursor *cursor);
/// Moves to the next child; false after the last. `*key` is null in an array.
bool csj_cursor_next(csj_cursor *cursor, const char **key, size_t *key_length, csj_node *value);

#ifdef __cplusplus
}
#endif
