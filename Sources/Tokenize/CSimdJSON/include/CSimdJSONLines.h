// Records of JSON: one parser a thread, which takes the wanted members out of one record after another.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The text of one wanted member. Empty texts (`""`, `null`, `false`, `[]`, `{}`) have length 0.
typedef struct {
  const uint8_t *text;
  size_t length;
} csj_text;

typedef struct csj_record_parser csj_record_parser;

/// Makes a parser of records from which `count` members are wanted; null when memory is short.
/// The names, `lengths[i]` bytes each, follow one another in `names`; they are copied.
csj_record_parser *csj_record_parser_make(const uint8_t *names, const size_t *lengths,
                                          size_t count);

void csj_record_parser_free(csj_record_parser *parser);

/// Parses one record and fills `texts`, one entry a wanted member.
///
/// Returns 1 when the record is an object with every wanted member, each a string, a list of strings
/// (joined with two newlines) or an empty value; or when it is a string and one member is wanted.
/// Returns 0 for everything else, good or bad: a slower and exact judge must decide.
/// The texts live until the next call. `csj_padding()` bytes after the record must be readable.
int csj_record_parse(csj_record_parser *parser, const uint8_t *record, size_t length,
                     csj_text *texts);

/// Whether the bytes are UTF-8.
int csj_is_utf8(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
