/*
 * The little of JSON that a plugin needs: a member of the options, and texts in its answer. It allocates nothing, reads
 * nothing behind the end of what it is given, and does not recurse, so that no input can exhaust it.
 */
#ifndef SHELL_ENV_JSON_H
#define SHELL_ENV_JSON_H

#include "mitogen_plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *at;
  const uint8_t *end;
} json_slice;

/* What a reader found. */
enum { JSON_WRONG = -1, JSON_NOTHING = 0, JSON_FOUND = 1 };

static inline void json_blanks(json_slice *rest) {
  while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t' || *rest->at == '\n' || *rest->at == '\r')) rest->at++;
}

static inline int json_is(const json_slice *rest, char byte) { return rest->at < rest->end && *rest->at == (uint8_t)byte; }

/* Past a text, from its opening quote on. */
static inline int json_skip_text(json_slice *rest) {
  for (rest->at++; rest->at < rest->end; rest->at++) {
    if (*rest->at == '"') {
      rest->at++;
      return 1;
    }
    if (*rest->at == '\\' && ++rest->at == rest->end) return 0;
  }
  return 0;
}

/* Past one value. */
static inline int json_skip(json_slice *rest) {
  size_t depth = 0;
  do {
    json_blanks(rest);
    if (rest->at == rest->end) return 0;
    switch (*rest->at) {
    case '"':
      if (!json_skip_text(rest)) return 0;
      break;
    case '{':
    case '[':
      depth++;
      rest->at++;
      break;
    case '}':
    case ']':
      if (depth == 0) return 0;
      depth--;
      rest->at++;
      break;
    case ',':
    case ':':
      if (depth == 0) return 0;
      rest->at++;
      break;
    default: {
      const uint8_t *start = rest->at;
      while (rest->at < rest->end && !strchr(",:]} \t\r\n\"[{", *rest->at)) rest->at++;
      if (rest->at == start) return 0; /* a NUL, which strchr finds everywhere */
    }
    }
  } while (depth > 0);
  return 1;
}

/* The member `name` of an object, as it stands there. */
static inline int json_member(const mitogen_bytes *object, const char *name, json_slice *value) {
  json_slice rest = {object->data, object->data ? object->data + object->length : object->data};
  size_t length = strlen(name);
  json_blanks(&rest);
  if (!json_is(&rest, '{')) return JSON_WRONG;
  rest.at++;
  json_blanks(&rest);
  if (json_is(&rest, '}')) return JSON_NOTHING;
  for (;;) {
    const uint8_t *key = rest.at;
    int is_wanted;
    if (!json_is(&rest, '"') || !json_skip_text(&rest)) return JSON_WRONG;
    is_wanted = (size_t)(rest.at - key) == length + 2 && memcmp(key + 1, name, length) == 0;
    json_blanks(&rest);
    if (!json_is(&rest, ':')) return JSON_WRONG;
    rest.at++;
    json_blanks(&rest);
    value->at = rest.at;
    if (!json_skip(&rest)) return JSON_WRONG;
    value->end = rest.at;
    if (is_wanted) return value->end - value->at == 4 && memcmp(value->at, "null", 4) == 0 ? JSON_NOTHING : JSON_FOUND;
    json_blanks(&rest);
    if (json_is(&rest, '}')) return JSON_NOTHING;
    if (!json_is(&rest, ',')) return JSON_WRONG;
    rest.at++;
    json_blanks(&rest);
  }
}

/* Bytes of the character of UTF-8 that begins here; 0: there is none. */
static inline size_t json_character(const uint8_t *at, const uint8_t *end) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = *at < 0x80 ? 1 : *at >> 5 == 6 ? 2 : *at >> 4 == 14 ? 3 : *at >> 3 == 30 ? 4 : 0;
  uint32_t value;
  if (length == 0 || (size_t)(end - at) < length) return 0;
  if (length == 1) return 1;
  value = *at & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (at[i] >> 6 != 2) return 0;
    value = value << 6 | (at[i] & 0x3f);
  }
  return value < least[length] || value > 0x10ffff || value >> 11 == 0x1b ? 0 : length;
}

static inline int json_hex(const uint8_t *at, const uint8_t *end, uint32_t *value) {
  *value = 0;
  if (end - at < 4) return 0;
  for (int i = 0; i < 4; i++) {
    uint32_t lower = at[i] | 0x20u;
    uint32_t digit = 16;
    if (at[i] >= '0' && at[i] <= '9') digit = at[i] - (uint32_t)'0';
    if (lower >= 'a' && lower <= 'f') digit = lower - 'a' + 10;
    if (digit == 16) return 0;
    *value = *value << 4 | digit;
  }
  return 1;
}

/* One escape, from behind its backslash on; bytes written to `place`, 0: it is none, or a NUL. */
static inline size_t json_escape(json_slice *rest, char place[4]) {
  static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *name = *rest->at ? strchr(names, *rest->at) : NULL;
  uint32_t value, low;
  if (name) {
    place[0] = meant[name - names];
    rest->at++;
    return 1;
  }
  if (*rest->at != 'u' || !json_hex(rest->at + 1, rest->end, &value) || value == 0) return 0;
  rest->at += 5;
  if (value >> 11 == 0x1b) { /* half of a pair */
    if (value >> 10 != 0x36 || rest->end - rest->at < 6 || rest->at[0] != '\\' || rest->at[1] != 'u') return 0;
    if (!json_hex(rest->at + 2, rest->end, &low) || low >> 10 != 0x37) return 0;
    value = 0x10000 + ((value & 0x3ff) << 10 | (low & 0x3ff));
    rest->at += 6;
  }
  if (value < 0x80) {
    place[0] = (char)value;
    return 1;
  }
  if (value < 0x800) {
    place[0] = (char)(0xc0 | value >> 6);
    place[1] = (char)(0x80 | (value & 0x3f));
    return 2;
  }
  if (value < 0x10000) {
    place[0] = (char)(0xe0 | value >> 12);
    place[1] = (char)(0x80 | (value >> 6 & 0x3f));
    place[2] = (char)(0x80 | (value & 0x3f));
    return 3;
  }
  place[0] = (char)(0xf0 | value >> 18);
  place[1] = (char)(0x80 | (value >> 12 & 0x3f));
  place[2] = (char)(0x80 | (value >> 6 & 0x3f));
  place[3] = (char)(0x80 | (value & 0x3f));
  return 4;
}

/*
 * An option's text, with NUL behind it. A number counts as its text: YAML reads a user named 1000 as one. JSON_NOTHING
 * also for an empty text; JSON_WRONG: no text, no UTF-8, with a NUL in it, or longer than `size` allows.
 */
static inline int json_text(const mitogen_bytes *object, const char *name, char *place, size_t size) {
  json_slice rest;
  size_t used = 0;
  int found = json_member(object, name, &rest);
  if (found != JSON_FOUND) return found;
  if (*rest.at != '"') {
    if (*rest.at != '-' && (*rest.at < '0' || *rest.at > '9')) return JSON_WRONG;
    if ((size_t)(rest.end - rest.at) >= size) return JSON_WRONG;
    memcpy(place, rest.at, (size_t)(rest.end - rest.at));
    place[rest.end - rest.at] = 0;
    return JSON_FOUND;
  }
  rest.at++;
  rest.end--;
  while (rest.at < rest.end) {
    char character[4];
    size_t length;
    if (*rest.at == '\\') {
      if (++rest.at == rest.end || (length = json_escape(&rest, character)) == 0) return JSON_WRONG;
    } else {
      length = *rest.at < 0x20 ? 0 : json_character(rest.at, rest.end);
      if (length == 0) return JSON_WRONG;
      memcpy(character, rest.at, length);
      rest.at += length;
    }
    if (used + length >= size) return JSON_WRONG;
    memcpy(place + used, character, length);
    used += length;
  }
  place[used] = 0;
  return used ? JSON_FOUND : JSON_NOTHING;
}

/* Whether it is there and true. */
static inline int json_true(const mitogen_bytes *object, const char *name) {
  json_slice value;
  return json_member(object, name, &value) == JSON_FOUND && value.end - value.at == 4 && memcmp(value.at, "true", 4) == 0;
}

typedef int32_t (*write_service)(mitogen_reply *reply, const mitogen_bytes *bytes);

/* Appends text to an answer, as it is. */
static inline int32_t json_put(write_service write, mitogen_reply *reply, const char *text) {
  mitogen_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return write(reply, &bytes);
}

/* Appends a text in quotes. */
static inline int32_t json_put_text(write_service write, mitogen_reply *reply, const char *text) {
  static const char digits[] = "0123456789abcdef";
  int32_t result = json_put(write, reply, "\"");
  while (*text && result == MITOGEN_OK) {
    size_t plain = 0;
    while (text[plain] && text[plain] != '"' && text[plain] != '\\' && (uint8_t)text[plain] >= 0x20) plain++;
    if (plain) {
      mitogen_bytes bytes = {(const uint8_t *)text, plain};
      result = write(reply, &bytes);
      text += plain;
    } else {
      char escaped[] = {'\\', 'u', '0', '0', digits[(uint8_t)*text >> 4], digits[*text & 15], 0};
      result = json_put(write, reply, escaped);
      text++;
    }
  }
  return result == MITOGEN_OK ? json_put(write, reply, "\"") : result;
}

/* Says no: what cannot be done, on what, and what the user can do. */
static inline int32_t json_refuse(write_service write, mitogen_reply *reply, const char *code, const char *message, const char *hint) {
  json_put(write, reply, "{\"code\":");
  json_put_text(write, reply, code);
  json_put(write, reply, ",\"message\":");
  json_put_text(write, reply, message);
  json_put(write, reply, ",\"hint\":");
  json_put_text(write, reply, hint);
  json_put(write, reply, "}");
  return MITOGEN_REFUSED;
}

#endif
