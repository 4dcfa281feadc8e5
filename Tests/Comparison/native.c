/* A module that the system executes: says what it was given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
  static char text[65536];
  FILE *file = count == 2 ? fopen(words[1], "r") : NULL;
  if (file == NULL) {
    fprintf(stderr, "no arguments\n");
    return 2;
  }
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  char *word = strstr(text, "\"word\": \"");
  if (word == NULL) {
    printf("{\"failed\": true, \"msg\": \"no word\"}\n");
    return 1;
  }
  word += 9;
  word[strcspn(word, "\"")] = 0;
  const char *slash = strrchr(words[0], '/');
  printf("{\"changed\": false, \"word\": \"%s\", \"name\": \"%s\", \"uid\": %d, \"variable\": \"%s\"}\n", word,
         slash ? slash + 1 : words[0], (int)getuid(), getenv("WORD") ? getenv("WORD") : "");
  return 0;
}
