# Fails unless `promtool check metrics` accepts the output of SAMPLE without any message.
if(NOT PROMTOOL)
  message(FATAL_ERROR "promtool is missing: apt-get install prometheus, then configure again")
endif()

execute_process(COMMAND ${SAMPLE} OUTPUT_VARIABLE text RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR text STREQUAL "")
  message(FATAL_ERROR "${SAMPLE} failed (${result}) or printed nothing")
endif()

execute_process(COMMAND ${SAMPLE} COMMAND ${PROMTOOL} check metrics
  OUTPUT_VARIABLE complaints ERROR_VARIABLE complaints RESULTS_VARIABLE results)
if(NOT results STREQUAL "0;0" OR NOT complaints STREQUAL "")
  message(FATAL_ERROR "promtool check metrics (${results}):\n${complaints}")
endif()
