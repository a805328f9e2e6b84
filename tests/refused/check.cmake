# Compiles SOURCE and succeeds when the compiler refuses it with the words of its `// refused:` line.
cmake_minimum_required(VERSION 3.20)
file(STRINGS "${SOURCE}" wanted REGEX "^// refused: ")
string(REPLACE "// refused: " "" wanted "${wanted}")
if(wanted STREQUAL "")
  message(FATAL_ERROR "${SOURCE} lacks a line `// refused: WORDS OF THE ERROR MESSAGE`")
endif()
list(TRANSFORM INCLUDES PREPEND "-I")

execute_process(COMMAND "${COMPILER}" -std=c++20 -fsyntax-only ${INCLUDES} "${SOURCE}"
                RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(code EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must be refused with: ${wanted}")
endif()
string(FIND "${output}" "${wanted}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${SOURCE} is refused, but without the words: ${wanted}\n${output}")
endif()
