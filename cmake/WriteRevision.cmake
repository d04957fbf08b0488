# Writes OUTPUT with the short git revision of SOURCE_DIR. EXPORTER_REVISION in the environment takes precedence, for builds
# from a source archive or inside an image.
set(revision "$ENV{EXPORTER_REVISION}")
if(NOT revision)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT revision)
  set(revision "unknown")
endif()
set(content "#pragma once\n#define EXPORTER_REVISION \"${revision}\"\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT content STREQUAL old)
  file(WRITE ${OUTPUT} "${content}")
endif()
