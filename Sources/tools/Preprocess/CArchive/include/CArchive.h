// What is read with libarchive, and zlib.
//
// libarchive is loaded when the first archive is read: with the libraries that it needs it takes 3 ms, a
// tenth of what a short run of the program takes altogether.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <sys/types.h>
#include <zlib.h>

/// Loads libarchive, once; returns NULL, or why it cannot be had.
///
/// Has to be called before everything else.
const char *carchive_load(void);

// Its functions, each as the one of its header without the `c` in front.
#define CARCHIVE_FUNCTIONS(USE)                                                                       \
  USE(struct archive *, archive_read_new, (void), ())                                                 \
  USE(int, archive_read_free, (struct archive * a), (a))                                              \
  USE(int, archive_read_set_callback_data, (struct archive * a, void *client), (a, client))           \
  USE(int, archive_read_set_read_callback, (struct archive * a, archive_read_callback * read),        \
      (a, read))                                                                                      \
  USE(int, archive_read_set_seek_callback, (struct archive * a, archive_seek_callback * seek),        \
      (a, seek))                                                                                      \
  USE(int, archive_read_set_options, (struct archive * a, const char *options), (a, options))         \
  USE(int, archive_read_support_filter_bzip2, (struct archive * a), (a))                              \
  USE(int, archive_read_support_filter_lz4, (struct archive * a), (a))                                \
  USE(int, archive_read_support_filter_xz, (struct archive * a), (a))                                 \
  USE(int, archive_read_support_format_empty, (struct archive * a), (a))                              \
  USE(int, archive_read_support_format_raw, (struct archive * a), (a))                                \
  USE(int, archive_read_support_format_tar, (struct archive * a), (a))                                \
  USE(int, archive_read_support_format_zip_seekable, (struct archive * a), (a))                       \
  USE(int, archive_read_support_format_zip_streamable, (struct archive * a), (a))                     \
  USE(int, archive_read_open1, (struct archive * a), (a))                                             \
  USE(int, archive_read_next_header, (struct archive * a, struct archive_entry * *entry), (a, entry)) \
  USE(la_ssize_t, archive_read_data, (struct archive * a, void *buffer, size_t count),                \
      (a, buffer, count))                                                                             \
  USE(la_int64_t, archive_filter_bytes, (struct archive * a, int filter), (a, filter))                \
  USE(const char *, archive_error_string, (struct archive * a), (a))                                  \
  USE(mode_t, archive_entry_filetype, (struct archive_entry * entry), (entry))                        \
  USE(const char *, archive_entry_hardlink, (struct archive_entry * entry), (entry))                  \
  USE(const char *, archive_entry_pathname, (struct archive_entry * entry), (entry))                  \
  USE(const char *, archive_entry_pathname_utf8, (struct archive_entry * entry), (entry))             \
  USE(int, archive_entry_is_encrypted, (struct archive_entry * entry), (entry))

#define CARCHIVE_DECLARE(type, name, parameters, arguments) type c##name parameters;
CARCHIVE_FUNCTIONS(CARCHIVE_DECLARE)
#undef CARCHIVE_DECLARE
