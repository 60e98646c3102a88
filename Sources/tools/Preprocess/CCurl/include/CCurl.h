// libcurl's variadic setters behind typed functions.
#pragma once
#include <curl/curl.h>

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
