# Writes every template below ROOT into one C table, so that the program needs no files at run time.
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/*.md ${ROOT}/*.html ${ROOT}/*.txt)
list(SORT files)
set(arrays "")
set(table "")
set(n 0)
foreach(f ${files})
  file(READ ${ROOT}/${f} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char t${n}[] = {${bytes}0};\n")
  string(REGEX REPLACE "\\.md$" "" name ${f})
  string(APPEND table "\t{\"${name}\", (const char *)t${n}, sizeof(t${n}) - 1},\n")
  math(EXPR n "${n}+1")
endforeach()
file(WRITE ${OUT}.tmp "#include \"tocsin/builtin_templates.h\"\n${arrays}\n"
  "const struct builtin_template builtin_templates[] = {\n${table}\t{0, 0, 0},\n};\n"
  "const size_t builtin_templates_count = ${n};\n")
file(RENAME ${OUT}.tmp ${OUT})
