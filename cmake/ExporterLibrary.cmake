# exporter_library(<folder> SOURCES <files...> [USES <folders...>] [PUBLIC <libraries...>] [PRIVATE <libraries...>])
#
# One static library for each folder below exporter/. A folder's headers are included as "<folder>/<header>.h" through an
# include root that contains only that folder, so a folder can include only the folders it names in USES (and those that they
# export): the compiler enforces the one-way rule. tests/app/test_architecture.py checks the finer rules.
function(exporter_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PUBLIC;PRIVATE" ${ARGN})
  set(root "${PROJECT_BINARY_DIR}/include/${folder}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/exporter/${folder}" "${root}/${folder}" SYMBOLIC)

  list(TRANSFORM ARG_SOURCES PREPEND "${folder}/")
  add_library(exporter_${folder} STATIC ${ARG_SOURCES})
  add_library(exporter::${folder} ALIAS exporter_${folder})
  set_target_properties(exporter_${folder} PROPERTIES UNITY_BUILD ${EXPORTER_UNITY} UNITY_BUILD_BATCH_SIZE 16)
  target_include_directories(exporter_${folder} PUBLIC "${root}")
  list(TRANSFORM ARG_USES PREPEND "exporter::")
  target_link_libraries(exporter_${folder}
    PUBLIC ${ARG_USES} ${ARG_PUBLIC}
    PRIVATE ${ARG_PRIVATE} exporter_warnings exporter_hardening)
endfunction()
