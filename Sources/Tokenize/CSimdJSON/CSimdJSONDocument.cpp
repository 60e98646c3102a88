#include "CSimdJSONDocument.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

using namespace simdjson;

struct csj_document {
  dom::parser parser;
  dom::element root;
};

namespace {

// Elements and iterators are a pointer and an index; they cross into C as their bytes.
template <class Value>
void pack(const Value &value, uint64_t (&words)[2]) {
  static_assert(sizeof(Value) == 16 && std::is_trivially_copyable<Value>::value, "layout");
  std::memcpy(words, &value, sizeof value);
}

template <class Value>
void unpack(const uint64_t (&words)[2], Value &value) {
  static_assert(sizeof(Value) == 16 && std::is_trivially_copyable<Value>::value, "layout");
  std::memcpy(static_cast<void *>(&value), words, sizeof value);
}

dom::element element(const csj_node &node) {
  dom::element value;
  unpack(node.words, value);
  return value;
}

csj_node node(const dom::element &value) {
  csj_node result;
  pack(value, result.words);
  return result;
}

}  // namespace

csj_document *csj_document_parse(const uint8_t *bytes, size_t length, int *error) {
  std::unique_ptr<csj_document> document(new (std::nothrow) csj_document);
  if (!document) {
    *error = MEMALLOC;
    return nullptr;
  }
  auto code = document->parser.parse(bytes, length, true).get(document->root);
  *error = code;
  return code == SUCCESS ? document.release() : nullptr;
}

void csj_document_free(csj_document *document) { delete document; }

const char *csj_error_message(int error) {
  return error_message(static_cast<error_code>(error));
}

csj_node csj_document_root(const csj_document *document) { return node(document->root); }

csj_kind csj_node_kind(csj_node value) {
  switch (element(value).type()) {
    case dom::element_type::OBJECT: return CSJ_OBJECT;
    case dom::element_type::ARRAY: return CSJ_ARRAY;
    case dom::element_type::STRING: return CSJ_STRING;
    case dom::element_type::INT64:
    case dom::element_type::UINT64: return CSJ_INTEGER;
    case dom::element_type::DOUBLE: return CSJ_DOUBLE;
    case dom::element_type::BOOL: return CSJ_BOOLEAN;
    case dom::element_type::NULL_VALUE: return CSJ_NULL;
  }
  return CSJ_NULL;
}

size_t csj_node_size(csj_node value) {
  dom::object object;
  if (element(value).get_object().get(object) == SUCCESS) return object.size();
  dom::array array;
  return element(value).get_array().get(array) == SUCCESS ? array.size() : 0;
}

const char *csj_node_string(csj_node value, size_t *length) {
  std::string_view text;
  if (element(value).get_string().get(text) != SUCCESS) return nullptr;
  *length = text.size();
  return text.data();
}

bool csj_node_integer(csj_node value, int64_t *result) {
  return element(value).get_int64().get(*result) == SUCCESS;
}

bool csj_node_double(csj_node value, double *result) {
  return element(value).get_double().get(*result) == SUCCESS;
}

bool csj_node_boolean(csj_node value, bool *result) {
  return element(value).get_bool().get(*result) == SUCCESS;
}

bool csj_cursor_start(csj_node value, csj_cursor *cursor) {
  dom::object object;
  if (element(value).get_object().get(object) == SUCCESS) {
    pack(object.begin(), cursor->next);
    pack(object.end(), cursor->end);
    cursor->is_object = true;
    return true;
  }
  dom::array array;
  if (element(value).get_array().get(array) != SUCCESS) return false;
  pack(array.begin(), cursor->next);
  pack(array.end(), cursor->end);
  cursor->is_object = false;
  return true;
}

bool csj_cursor_next(csj_cursor *cursor, const char **key, size_t *key_length, csj_node *value) {
  if (cursor->is_object) {
    dom::object::iterator next, end;
    unpack(cursor->next, next);
    unpack(cursor->end, end);
    if (!(next != end)) return false;
    std::string_view name = next.key();
    *key = name.data();
    *key_length = name.size();
    *value = node(next.value());
    ++next;
    pack(next, cursor->next);
    return true;
  }
  dom::array::iterator next, end;
  unpack(cursor->next, next);
  unpack(cursor->end, end);
  if (!(next != end)) return false;
  *key = nullptr;
  *key_length = 0;
  *value = node(*next);
  ++next;
  pack(next, cursor->next);
  return true;
}
