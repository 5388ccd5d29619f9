# Writes the Redis Function library into one C array (declared in bot/store/function.h).
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT}.tmp
  "extern const char *const function_source;\nextern const unsigned long function_source_bytes;\n"
  "static const unsigned char source[] = {${bytes}0};\n"
  "const char *const function_source = (const char *)source;\n"
  "const unsigned long function_source_bytes = sizeof(source) - 1;\n")
file(RENAME ${OUT}.tmp ${OUT})
