# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=file.cpp -DFUNCTION=SqliteMigrations -DFILES="a.sql;b.sql" -P embed.cmake
# Writes the function of schema.h that returns the files, which are named NNNN_words.sql.

set(code "// Made by store/schema/embed.cmake.\n#include <array>\n\n#include \"store/schema/schema.h\"\n\n")
string(APPEND code "namespace hone::store {\nnamespace {\nconstexpr auto kMigrations = std::to_array<Migration>({\n")
set(due 1)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  string(REGEX MATCH "^0*([0-9]+)_" ignored ${name})
  if(NOT CMAKE_MATCH_1 EQUAL due)
    message(FATAL_ERROR "${file}: migration ${due} is due; names are NNNN_words.sql without gaps")
  endif()
  math(EXPR due "${due} + 1")
  file(READ ${file} sql)
  string(APPEND code "{${CMAKE_MATCH_1}, \"${name}\", R\"hone-sql(${sql})hone-sql\"},\n")
endforeach()
string(APPEND code "});\n}  // namespace\n\n")
string(APPEND code "std::span<const Migration> ${FUNCTION}() {\n  return kMigrations;\n}\n\n}  // namespace hone::store\n")
file(WRITE ${OUT} "${code}")
