#include "CSimdJSONLines.h"

#include <cstring>
#include <new>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

using simdjson::dom::element;
using simdjson::dom::element_type;

struct csj_record_parser {
  simdjson::dom::parser parser;
  std::vector<std::string> names;
  // Joined lists need a place of their own, one a wanted member.
  std::vector<std::string> joined;
  std::vector<element> found;
  std::vector<char> present;
};

csj_record_parser *csj_record_parser_make(const uint8_t *names, const size_t *lengths,
                                          size_t count) {
  try {
    auto parser = new csj_record_parser;
    for (size_t i = 0; i < count; i++) {
      parser->names.emplace_back(reinterpret_cast<const char *>(names), lengths[i]);
      names += lengths[i];
    }
    parser->joined.resize(count);
    parser->found.resize(count);
    parser->present.resize(count);
    return parser;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void csj_record_parser_free(csj_record_parser *parser) { delete parser; }

static bool set_text(csj_text &out, std::string_view text) {
  // This version of the library lets a lone low surrogate through as bytes that are not UTF-8.
  if (!simdjson::validate_utf8(text.data(), text.size())) return false;
  out.text = reinterpret_cast<const uint8_t *>(text.data());
  out.length = text.size();
  return true;
}

static bool take_text(const element &value, std::string &joined, csj_text &out) {
  switch (value.type()) {
  case element_type::STRING:
    return set_text(out, std::string_view(value));
  case element_type::NULL_VALUE:
    return set_text(out, std::string_view());
  case element_type::BOOL:
    return !bool(value) && set_text(out, std::string_view());
  case element_type::OBJECT: {
    simdjson::dom::object object = value;
    return object.begin() == object.end() && set_text(out, std::string_view());
  }
  case element_type::ARRAY: {
    joined.clear();
    bool first = true;
    for (element item : simdjson::dom::array(value)) {
      std::string_view part;
      if (item.get(part) != simdjson::SUCCESS) return false;
      if (!first) joined.append("\n\n", 2);
      first = false;
      joined.append(part);
    }
    return set_text(out, joined);
  }
  default:
    return false;
  }
}

int csj_record_parse(csj_record_parser *parser, const uint8_t *record, size_t length,
                     csj_text *texts) {
  try {
    element root;
    if (parser->parser.parse(record, length, false).get(root) != simdjson::SUCCESS) return 0;
    size_t count = parser->names.size();
    if (root.type() == element_type::STRING) {
      return count == 1 && set_text(texts[0], std::string_view(root));
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return 0;
    std::memset(parser->present.data(), 0, count);
    for (auto field : object) {
      for (size_t i = 0; i < count; i++) {
        // The last of several members of one name wins, as in Python.
        if (field.key == parser->names[i]) {
          parser->found[i] = field.value;
          parser->present[i] = 1;
        }
      }
    }
    for (size_t i = 0; i < count; i++) {
      if (!parser->present[i]) return 0;
      if (!take_text(parser->found[i], parser->joined[i], texts[i])) return 0;
    }
    return 1;
  } catch (const std::exception &) {
    return 0;
  }
}

int csj_is_utf8(const uint8_t *bytes, size_t length) {
  return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}
