# The git revision is read at every build, as a commit does not re-run CMake, and written only when it has changed.
add_custom_target(exporter_revision
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DOUTPUT=${PROJECT_BINARY_DIR}/generated/revision.h
          -P ${CMAKE_CURRENT_LIST_DIR}/WriteRevision.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/revision.h
  COMMENT "Asking git for the revision")
